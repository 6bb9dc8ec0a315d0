from __future__ import annotations

import pytest

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving import addresses


@pytest.mark.parametrize(
    ("url", "predict"),
    [
        ("http://127.0.0.1:8000", None),
        ("http://localhost:8000/", "POST /predict"),
        ("https://gateway.example/models/churn", None),
        ("https://gateway.example/predict", "POST /v1/churn"),
        ("http://[::1]:8000", None),
        (None, None),
    ],
)
def test_an_address_of_a_service_is_left_as_it_is(url, predict):
    assert addresses.service(url, predict) == url


@pytest.mark.parametrize(
    ("url", "predict", "fix"),
    [
        ("http://127.0.0.1:8000/predict", None, 'url = "http://127.0.0.1:8000" and predict = "POST /predict"'),
        ("http://127.0.0.1:8000/predict/", "POST /predict", 'url = "http://127.0.0.1:8000" and predict = "POST /pre'),
        ("http://h:1/v1/models/m:predict", None, 'url = "http://h:1" and predict = "POST /v1/models/m:predict"'),
        ("https://me:s3cret@h/invocations", None, 'url = "https://h" and predict = "POST /invocations"'),
    ],
)
def test_an_address_of_a_prediction_is_told_apart_with_the_line_to_write(url, predict, fix):
    with pytest.raises(ReadinessError, match="is the address of a prediction") as raised:
        addresses.service(url, predict)
    assert fix in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("url", ["localhost:8000", "127.0.0.1:8000", "http://", "http://h:port", "http://[::1", ""])
def test_what_is_no_address_is_told_so(url):
    with pytest.raises(ReadinessError, match="is no address of a service"):
        addresses.service(url, None)


def test_the_method_of_a_prediction_may_be_written_small():
    assert addresses.operation(" post  /predict ") == "POST /predict"
    assert addresses.operation(None) is None


@pytest.mark.parametrize(
    ("predict", "fix"),
    [
        ("/predict", 'predict = "POST /predict"'),
        ("predict", 'predict = "POST /predict"'),
        ("POST predict", 'predict = "POST /predict"'),
        ("PUT", 'predict = "PUT /"'),
        ("http://127.0.0.1:1/predict", 'predict = "POST /predict"'),
        ("POST http://127.0.0.1:1/predict", 'predict = "POST /predict"'),
    ],
)
def test_a_prediction_without_method_or_slash_is_told_with_the_line_to_write(predict, fix):
    with pytest.raises(ReadinessError, match="no method and path") as raised:
        addresses.operation(predict)
    assert fix in str(raised.value)


def test_a_health_endpoint_is_a_path_or_a_whole_url():
    assert addresses.health("ready", "/readyz") == "/readyz"
    assert addresses.health("ready", "http://127.0.0.1:9/readyz") == "http://127.0.0.1:9/readyz"
    with pytest.raises(ReadinessError, match='ready = "/readyz"'):
        addresses.health("ready", "readyz")

"""Decides which globals a pickle may name: classes that hold a fitted model, and few functions, by narrow rules.

A name is allowed when nothing that can be called through it runs code, opens a file or reaches another module.
Frozen distributions of `scipy.stats` are left out on purpose: their `__setstate__` executes a text from the pickle.
"""

from __future__ import annotations

import _compat_pickle
import re

_SCALARS = "bool|bool_|u?int(8|16|32|64|p|c)?|float(16|32|64|128)?|longdouble|complex(64|128)|str_|bytes_|object_|void"
_UFUNCS = "abs|absolute|sqrt|square|cbrt|exp|exp2|expm1|log|log2|log10|log1p|sign|sin|cos|tan|tanh|reciprocal|negative"
_MULTIARRAY = r"numpy\.(_core|core)\.multiarray"

# module, name: both must match as a whole.
_RULES = [
    (r"builtins", "object|bool|int|float|complex|str|bytes|bytearray|list|tuple|dict|set|frozenset|slice|range"),
    (r"collections", "OrderedDict|defaultdict|deque|Counter"),
    (r"copyreg", "_reconstructor"),
    (r"_codecs", "encode"),
    (r"functools", "partial"),  # what it holds is named too, and judged by its own name
    (r"datetime", "datetime|date|time|timedelta|timezone"),
    (r"decimal", "Decimal"),
    (r"fractions", "Fraction"),
    (r"uuid", "UUID"),
    (r"numpy", f"dtype|ndarray|matrix|nan|datetime64|timedelta64|{_SCALARS}|{_UFUNCS}"),
    (_MULTIARRAY, "_reconstruct|scalar"),
    (r"numpy\.(_core|core)\.numeric", "_frombuffer"),
    (r"numpy\.dtypes", r"\w+DType"),
    (r"numpy\.ma(\.core)?", "MaskedArray|MaskedConstant|_mareconstruct"),
    (r"numpy\.random\._pickle", "__(randomstate|generator|bit_generator)_ctor"),
    (r"numpy\.random\.(_mt19937|_pcg64|_philox|_sfc64)", "MT19937|PCG64|PCG64DXSM|Philox|SFC64"),
    (r"numpy\.random\.bit_generator", "SeedSequence|__pyx_unpickle_SeedSequence"),
    (r"numpy\.random\.(mtrand|_generator)", "RandomState|Generator"),
    (r"scipy\.sparse(\._?\w+)?", "(csr|csc|coo|bsr|dia|dok|lil)_(matrix|array)"),
    (r"scipy\.interpolate(\._\w+)?", "interp1d|BSpline|PPoly|CubicSpline|PchipInterpolator|Akima1DInterpolator"),
    (r"scipy\.spatial\._(ckdtree|kdtree)", "c?KDTree"),
    (r"scipy\.special\._ufuncs", "expit|logit"),
    (r"sklearn\..+", r"_{0,2}[A-Z]\w*"),
    (r"sklearn\..+", r"__pyx_unpickle_[A-Z]\w*"),
    (r"sklearn\.(metrics|neighbors)\._(dist_metrics|ball_tree|kd_tree)", "newObj"),
    (r"sklearn\.metrics\._(classification|regression|ranking)", r"[a-z0-9_]+_(score|error|loss|coef)"),
    (r"sklearn\.metrics\._scorer", "_passthrough_scorer"),
    (r"sklearn\.metrics\.pairwise", r"[a-z0-9_]+_(kernel|distances)"),
    (r"sklearn\.feature_selection\._(univariate_selection|mutual_info)", "f_classif|f_regression|r_regression|chi2"),
    (r"sklearn\.feature_selection\._mutual_info", "mutual_info_(classif|regression)"),
    (r"sklearn\.utils\.validation", "check_array"),
    (r"sklearn\.compose\._column_transformer", "make_column_selector"),
    (r"sklearn\.preprocessing\._function_transformer", "_identity"),
    (r"sklearn\.feature_extraction\.text", "strip_accents_unicode|strip_accents_ascii|strip_tags"),
    (r"pandas(\.core\.(frame|series))?", "DataFrame|Series"),
    (r"pandas", r"CategoricalDtype|StringDtype|Categorical|RangeIndex|Index|U?Int(8|16|32|64)Dtype|BooleanDtype"),
    (r"pandas\.core\.dtypes\.dtypes", "CategoricalDtype|DatetimeTZDtype|PeriodDtype|IntervalDtype"),
    (r"pandas\.core\.indexes\.\w+", r"_new_Index|\w*Index"),
    (r"pandas\.core\.internals\.(managers|blocks)", "BlockManager|SingleBlockManager|new_block"),
    (r"pandas\.core\.arrays\.\w+", r"Categorical|StringDtype|StringArray|NumpyExtensionArray|\w+Dtype"),
    (r"pandas\.arrays", "ArrowStringArray|StringArray|Categorical|IntegerArray|FloatingArray|BooleanArray"),
    (r"pandas\.core\.arrays\.string_arrow", "ArrowStringArray"),
    (r"pandas\._libs\.(internals|arrays)", r"_unpickle_block|__pyx_unpickle_\w+|NDArrayBacked"),
    (r"pyarrow\.lib", "type_for_alias|py_buffer|_restore_array"),
    (r"polars\.datatypes\.classes", r"[A-Z]\w*"),
    (r"xgboost\.sklearn", r"XGB\w*(Classifier|Regressor|Ranker)"),
    (r"xgboost\.core", "Booster"),
    (r"lightgbm\.sklearn", "LGBM(Classifier|Regressor|Ranker)"),
    (r"lightgbm\.basic", "Booster"),
    (r"joblib\.numpy_pickle", "NumpyArrayWrapper"),
    (r"torch", r"Size|device|\w+Storage|(b?float|u?int|complex)(8|16|32|64|128)|bool"),
    (r"torch\._utils", r"_rebuild_(tensor|tensor_v2|parameter|qtensor)"),
    (r"torch\.nn\.modules\.\w+", r"[A-Z]\w*"),
]
_ALLOWED = [(re.compile(module), re.compile(name)) for module, name in _RULES]
_NOT_OF_MODELS = re.compile(
    r"(^|\.)(tests?|_testing|_mocking|estimator_checks|externals|datasets|conftest|parallel|_build_utils|discovery)"
    r"(\.|$)"
)
# fmt: off
_RUNS_CODE = frozenset((
    "os", "posix", "nt", "ntpath", "posixpath", "subprocess", "sys", "builtins", "importlib", "runpy", "code",
    "codeop", "pty", "commands", "popen2", "shutil", "socket", "ctypes", "operator", "functools", "types", "inspect",
    "pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "multiprocessing", "threading", "asyncio",
    "webbrowser", "urllib", "http", "requests", "httpx", "pip", "ensurepip", "venv", "timeit", "cProfile", "profile",
    "pdb", "bdb", "trace", "doctest", "__main__", "atexit", "signal", "gc", "io", "_io", "pathlib", "tempfile",
    "glob", "zipimport", "imp", "site", "sysconfig", "platform",
))
# fmt: on


def names(module: str, name: str, *, protocol: int = 4) -> tuple[str, str]:
    """The module and name as Python 3 finds them: protocols 0 to 2 may carry the names of Python 2."""
    if protocol > 2:
        return module, name
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def objection(module: str, name: str, trusted: tuple[str, ...] = ()) -> str | None:
    """Why a pickle may not name this global, or None when it may.

    Args:
        module: As in the pickle, with Python 3's name.
        name: Qualified name.
        trusted: Dotted names that the settings accept besides; they cannot open a module that runs code.
    """
    if module.partition(".")[0] in _RUNS_CODE and not _matches(module, name):
        return "can run code or reach files"
    if f"{module}.{name}" in trusted:
        return None
    if "." in name:
        return "reaches an attribute of an attribute, which no model needs"
    if _NOT_OF_MODELS.search(module):
        return "is not part of a fitted model"
    return None if _matches(module, name) else "is not on the list of what a model may name"


def _matches(module: str, name: str) -> bool:
    return any(m.fullmatch(module) and n.fullmatch(name) for m, n in _ALLOWED)

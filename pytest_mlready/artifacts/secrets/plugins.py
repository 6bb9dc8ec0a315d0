"""Adds to detect-secrets the credentials that its own plugins miss, cut short, or report without the secret itself.

detect-secrets loads this file by its path, as it does any custom plugin. Sources of the formats: the issuers'
documentation, and the rules of gitleaks and of GitHub's secret scanning. Where a group stands in an expression, the
group is the secret.
"""

# ruff: noqa: S105 - `secret_type` names a kind, and is no password
from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from detect_secrets.plugins.base import RegexBasedDetector

if TYPE_CHECKING:
    from collections.abc import Generator

_START, _END = r"(?<![A-Za-z0-9_-])", r"(?![A-Za-z0-9_-])"


def _tokens(*bodies: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(f"{_START}(?:{body}){_END}") for body in bodies)


class OpenAIKeyDetector(RegexBasedDetector):
    """The built-in plugin knows keys of one form from before 2024."""

    secret_type = "OpenAI API Key"
    denylist = _tokens(r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}", r"sk-[A-Za-z0-9]{48}")


class AnthropicKeyDetector(RegexBasedDetector):
    secret_type = "Anthropic API Key"
    denylist = _tokens(r"sk-ant-[a-z]+\d{2}-[A-Za-z0-9_-]{20,}")


class HuggingFaceTokenDetector(RegexBasedDetector):
    secret_type = "Hugging Face Token"
    denylist = _tokens(r"hf_[A-Za-z0-9]{30,}", r"api_org_[A-Za-z0-9]{30,}")


class ModelProviderKeyDetector(RegexBasedDetector):
    """Groq, NVIDIA, OpenRouter, Perplexity, Pinecone, Replicate, LangSmith, xAI."""

    secret_type = "Model Provider API Key"
    denylist = _tokens(
        r"gsk_[A-Za-z0-9]{40,}",
        r"nvapi-[A-Za-z0-9_-]{40,}",
        r"sk-or-v1-[0-9a-f]{64}",
        r"pplx-[A-Za-z0-9]{40,}",
        r"pcsk_[A-Za-z0-9_]{50,}",
        r"r8_[A-Za-z0-9]{37}",
        r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
        r"xai-[A-Za-z0-9]{60,}",
    )


class GitHubCredentialDetector(RegexBasedDetector):
    """The built-in plugin reports the three letters in front, so that one accepted token would accept all."""

    secret_type = "GitHub Credential"
    denylist = _tokens(r"gh[pousr]_[A-Za-z0-9_]{36,}", r"github_pat_[A-Za-z0-9_]{50,}")


class GitLabCredentialDetector(RegexBasedDetector):
    """As for GitHub; and tokens with a dot, from GitLab 18 on."""

    secret_type = "GitLab Credential"
    denylist = (
        *_tokens(r"gl(?:pat|dt|ft|soat|rt|rtr|imt|ptt|agent|oas|ffct|cbt(?:-[0-9a-f]{2})?)[-_][A-Za-z0-9_.-]{20,}"),
        *_tokens(r"GR1348941[A-Za-z0-9_-]{20,}"),
    )


class GoogleKeyDetector(RegexBasedDetector):
    """API keys, OAuth client secrets and access tokens; a service account's file holds a private key."""

    secret_type = "Google API Key"
    denylist = _tokens(r"AIza[A-Za-z0-9_-]{35}", r"GOCSPX-[A-Za-z0-9_-]{28}", r"ya29\.[A-Za-z0-9_-]{50,}")


class AzureSignatureDetector(RegexBasedDetector):
    """Shared access signatures and keys, and client secrets; the built-in plugin has storage account keys."""

    secret_type = "Azure Credential"
    denylist = (
        re.compile(r"[?&;]sig=([A-Za-z0-9%/+]{40,}(?:%3[Dd]|=))"),
        re.compile(r"SharedAccessKey=([A-Za-z0-9+/]{42,}=)"),
        *_tokens(r"[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}"),
    )


class AWSKeyIdDetector(RegexBasedDetector):
    """The built-in plugin takes any sixteen letters and digits; ids are in base 32, and stand alone."""

    secret_type = "AWS Access Key"
    denylist = (
        *_tokens(r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[A-Z2-7]{16}"),
        re.compile(r"(?i)aws.{0,20}?(?:key|pwd|pw|password|pass|token).{0,20}?[\"\']([0-9a-z/+]{40})[\"\']"),
    )


class TelegramTokenDetector(RegexBasedDetector):
    """The built-in plugin takes any two numbers with a colon between; tokens go on with "AA"."""

    secret_type = "Telegram Bot Token"
    denylist = _tokens(r"\d{8,10}:AA[A-Za-z0-9_-]{33}")


class SlackAppTokenDetector(RegexBasedDetector):
    """Application and refresh tokens; the built-in plugin has the older ones."""

    secret_type = "Slack App Token"
    denylist = _tokens(r"xapp-\d-[A-Z0-9]{8,}-\d{8,}-[a-f0-9]{40,}", r"xoxe(?:\.xox[bp])?-\d-[A-Za-z0-9]{60,}")


class PlatformTokenDetector(RegexBasedDetector):
    """Databricks, Docker Hub, npm, Stripe webhooks, Vault, Terraform Cloud, DigitalOcean, Sentry, Artifactory."""

    secret_type = "Platform Token"
    denylist = _tokens(
        r"dapi[0-9a-f]{32}(?:-\d)?",
        r"dckr_[po]at_[A-Za-z0-9_-]{27,}",
        r"npm_[A-Za-z0-9]{36}",
        r"whsec_[A-Za-z0-9+/=]{32,}",
        r"hv[sbr]\.[A-Za-z0-9_-]{24,}",
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}",
        r"do[opr]_v1_[0-9a-f]{64}",
        r"sntr[yi][su]_[A-Za-z0-9_=+/-]{40,}",
        r"gl(?:sa|c)_[A-Za-z0-9+/=_]{32,}",
        r"AKCp[A-Za-z0-9]{60,}",
        r"cmVmdGtu[A-Za-z0-9]{56}",
    )


class WeightsAndBiasesKeyDetector(RegexBasedDetector):
    secret_type = "Weights & Biases API Key"
    denylist = (
        re.compile(r"(?i)wandb[\w.-]{0,20}key[\"'\])]{0,3}\s*[:=,(]{1,2}\s*[\"']?([0-9a-f]{40})(?![0-9a-z])"),
        *_tokens(r"wandb_v\d_[A-Za-z0-9_]{40,}"),
    )


class RegistryLoginDetector(RegexBasedDetector):
    """Logins that tools write into files of a home folder: docker, netrc, Kaggle, kubectl."""

    secret_type = "Stored Login"
    denylist = (
        re.compile(r'"(?:auth|identitytoken|registrytoken)"\s*:\s*"([A-Za-z0-9+/_.=-]{12,})"'),
        re.compile(r"machine\s+\S+\s+login\s+\S+\s+password\s+(\S{4,})"),
        re.compile(r'"username"\s*:\s*"[^"]+"\s*,\s*"key"\s*:\s*"([0-9a-f]{32})"'),
        re.compile(r"client-key-data[\"']?\s*:\s*[\"']?([A-Za-z0-9+/=]{60,})"),
    )


class PrivateKeyBodyDetector(RegexBasedDetector):
    r"""A private key with at least a line of it; line feeds may be written as "\n", as in JSON.

    The built-in plugin reports the header alone: code that reads keys has it too, and one accepted header would accept
    every key.
    """

    secret_type = "Private Key with its body"
    denylist = (
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\+[nr]|[\s\"',+])*"
            r"(?:[A-Za-z-]{1,20}: [^\\\n]{0,100}(?:\\+[nr]|\s)+){0,4}([A-Za-z0-9+/=]{40,})"
        ),
        re.compile(r"PuTTY-User-Key-File-\d: .{0,400}?Private-Lines: \d+(?:\\+[nr]|\s)+([A-Za-z0-9+/=]{40,})"),
    )


class UrlPasswordDetector(RegexBasedDetector):
    """The built-in plugin misses passwords with signs such as "!", and logins without a user, as Redis has them."""

    secret_type = "Password in a URL"
    denylist = (re.compile(r"[a-z][a-z0-9+.-]{1,30}://[^\s:/?#@\"'<>]{0,80}:([^\s/@\"'<>{}]{3,100})@[\w.\[-]"),)


class CredentialByNameDetector(RegexBasedDetector):
    """Random values under a name that says what they are: what entropy alone cannot tell from a digest."""

    secret_type = "Credential by its name"
    _name = (
        r"(?:(?:access|api|app|auth|bearer|bot|deploy|hub|personal|private|refresh|sas|service|session|tracking|user|"
        r"hf|hugging_?face|wandb|mlflow|openai|anthropic|github|gitlab|slack|databricks)[_-]?(?:token|key)|"
        r"(?<![a-z])(?<!pad_)(?<!eos_)(?<!bos_)token|passphrase|credentials?|"
        r"(?:access|signing|encryption|master|account|subscription|storage|shared|hmac|jwt|django|flask)[_-]?key|"
        r"connection[_-]?string|authorization)"
    )
    denylist = (
        re.compile(
            rf"(?i){_name}[\w-]{{0,30}}[\"'\]]{{0,2}}\s*(?::=?|=>?|={{1,2}}|,)\s*(?:b|r|f)?"
            r"[\"'](?:Bearer |Basic |token )?([A-Za-z0-9_+/=.~-]{16,})[\"']"
        ),
        re.compile(
            rf"(?i)(?:^|[\s;|]){_START}[\w-]{{0,40}}{_name}[\w-]{{0,30}}\s*[:=]\s*([A-Za-z0-9_+/=~-]{{16,}})\s*(?:$|;|#|\s)"
        ),
        re.compile(r"(?i)authorization[\"']?\s*[:=,]\s*[\"']?(?:bearer|basic|token)\s+([A-Za-z0-9_+/=.~-]{16,})"),
    )

    def analyze_string(self, string: str) -> Generator[str, None, None]:
        for value in super().analyze_string(string):
            if any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and _entropy(value) >= 3.0:
                yield value


class CommandLineDetector(RegexBasedDetector):
    """Credentials in commands: "--password x", "ENV PASSWORD x", "curl -u user:x"."""

    secret_type = "Credential in a command"
    denylist = (
        re.compile(
            r"(?i)(?<![\w-])--?[\w-]*(?:password|passwd|passphrase|secret|token|api-?key)[ =]"
            r"[\"']?([^\s\"'-][^\s\"']{5,})"
        ),
        re.compile(r"(?i)^\s*(?:ENV|ARG)\s+\w*(?:passw|pwd|secret|token|api_?key)\w*\s+[\"']?([^\s\"'=]{6,})"),
        re.compile(r"(?<![\w-])(?:curl|wget)\b.{0,200}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,60}:([^\s\"']{4,})"),
    )


def _entropy(value: str) -> float:
    """Shannon entropy in bits a character; 32 random hexadecimal digits have about 3.6, words of a language less."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())

"""Tells a team's own files from those that a package or the operating system installed."""

from __future__ import annotations

import re

_PACKAGES = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|__pypackages__|conda-meta|pkgs)/([^/]+)")
_SYSTEM = re.compile(
    r"(?:\./|/)*(?:usr/(?:local/)?(?:lib|lib32|lib64|libexec|share|include|bin|sbin|games)|usr/lib(?:32|64|x32)|"
    r"lib|lib32|lib64|bin|sbin|opt/conda/(?:lib|share|include|bin|pkgs|etc)|var/lib/(?:dpkg|apt|pacman|rpm)|"
    r"var/cache|etc/(?:ssl/certs|ca-certificates|alternatives))/"
)


def is_packaged(name: str, *, image: bool, own: tuple[str, ...] = ()) -> bool:
    """Whether a path looks installed.

    Args:
        name: Path of a member.
        image: Whether it lies in an image's layer, where the operating system has its folders.
        own: Names of installed packages that are the team's own; "-" and "_" are the same.
    """
    if match := _PACKAGES.search(name):
        package = re.split(r"-\d|\.", match[1])[0]
        return _plain(package) not in {_plain(one) for one in own}
    return image and _SYSTEM.match(name) is not None


def _plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()

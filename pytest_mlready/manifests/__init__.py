"""Reads Kubernetes and compose manifests and judges them: plain functions over parsed documents."""

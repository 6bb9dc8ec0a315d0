"""Looks at a project without running any of it, and writes the settings and the CI workflow to begin with."""

"""Reads which legal regimes a team decided on, and holds decisions and evidence against the regimes' duties."""

"""Runs the team's own code, as the settings name it, in processes of its own with limits on time and memory."""

"""What watches the service: alert rules, and the job that compares predictions with what happened."""

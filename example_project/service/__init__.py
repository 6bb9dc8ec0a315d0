"""Serves the income model: `uvicorn service.app:app`, run from the folder above."""

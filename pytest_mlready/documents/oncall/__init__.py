"""Reads exports of on-call schedules and owners of code, and tells whether anybody is there."""

"""Orchestration: a case and its children as durable workflows."""

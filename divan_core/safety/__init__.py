"""Deciding by machine what people may write: signals, policies, trust, and every writer's gate."""

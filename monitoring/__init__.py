"""Environments watched with permission, and never touched. It imports tickets and what lies below, and none of the apps beside it."""

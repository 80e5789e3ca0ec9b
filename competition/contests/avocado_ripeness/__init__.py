"""Avocado ripeness: tell the stage of a Hass avocado from what instruments read on it."""

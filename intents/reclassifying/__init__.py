"""Many messages classified anew: chosen once, worked off in batches by whoever has time, or cancelled."""

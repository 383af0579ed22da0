"""Which inputs matter to a model, on the whole and for single rows. Stands on nothing of ours."""

"""The seed of all that is drawn: the same evidence must give the same verdict, whoever asks and however often."""

SEED = 20_130_101

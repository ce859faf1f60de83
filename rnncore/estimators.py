"""The applications from Python, by the names of scikit-learn."""

from rnncore.commands.estimators import (
    Captioner,
    Composer,
    Estimator,
    Forecaster,
    TextModel,
    Transcriber,
    Translator,
    VideoClassifier,
)

__all__ = [
    "Captioner",
    "Composer",
    "Estimator",
    "Forecaster",
    "TextModel",
    "Transcriber",
    "Translator",
    "VideoClassifier",
]

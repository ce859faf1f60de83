"""The applications from Python, by the names of scikit-learn."""

from rnncore.apps.forecast.estimator import Forecaster
from rnncore.apps.music.estimator import Composer
from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.spine.estimator import Estimator
from rnncore.apps.text.estimator import TextModel
from rnncore.apps.translate.estimator import Translator
from rnncore.apps.video.estimator import Captioner, VideoClassifier

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

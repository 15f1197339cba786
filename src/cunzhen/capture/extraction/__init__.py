"""Description rules: from read pages to suggested fields. Pure; knows no database and no clock."""

from cunzhen.capture.extraction.decide import is_sure
from cunzhen.capture.extraction.describing import describe
from cunzhen.capture.extraction.suggestions import SuggestedPerson, Suggestion, Suggestions

__all__ = ["SuggestedPerson", "Suggestion", "Suggestions", "describe", "is_sure"]

"""What the web server runs."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings")
application = get_wsgi_application()

# Every page's code is loaded now, not on its first visit; then the collector leaves it out of its rounds for good,
# and comes round less often: a round over everything loaded took longer than the slowest search.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)

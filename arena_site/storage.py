"""Static files with the content's hash in their names, imports of native modules included."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class ModuleManifestStorage(ManifestStaticFilesStorage):
    """Rewrites `import` and `export ... from` to hashed names: modules are cached for ever."""

    support_js_module_import_aggregation = True

"""Builds what is deployed: the app's files, its dependencies, and bytecode for both, in one zip.

`make package` runs it. Dependencies are installed here with their hashes checked, so that nothing
is built in the cloud. Bytecode is made here because the package is mounted read-only there:
without it every cold start compiles everything that it imports.
"""

import argparse
import compileall
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).parents[1]
SITE_PACKAGES = Path(".python_packages/lib/site-packages")
PLATFORM = "x86_64-manylinux_2_28"
BACKENDS = ("AzureStorage", "DurableTaskScheduler")
# In host.json and not in app settings, because the scale controller reads only the file:
# https://github.com/Azure/azure-functions-durable-extension/issues/2622
SCHEDULER = {
    "type": "azureManaged",
    "connectionStringName": "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
}
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same input makes the same file


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `OUT/package` and `OUT/app.zip`."""
    asked = _parser().parse_args(arguments)
    folder = asked.out / "package"
    shutil.rmtree(folder, ignore_errors=True)
    copy_app(folder)
    choose_backend(folder / "host.json", asked.backend)
    if not asked.without_dependencies:
        install(folder / SITE_PACKAGES)
    compile_all(folder)
    archive = asked.out / "app.zip"
    write_archive(folder, archive)
    size = archive.stat().st_size / 1_000_000
    sys.stdout.write(f"{archive}: {size:.0f} MB, durable state in {asked.backend}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build")
    parser.add_argument("--backend", choices=BACKENDS, default=BACKENDS[0])
    parser.add_argument("--without-dependencies", action="store_true")
    return parser


def app_files() -> Iterator[Path]:
    """Files under version control, less what `.funcignore` names; relative to the root."""
    ignored = set(_listed("--ignored", "--exclude-from=.funcignore"))
    for name in _listed():
        if name not in ignored and (ROOT / name).is_file():
            yield Path(name)


def _listed(*options: str) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", *options]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in run.stdout.split("\0") if name]


def copy_app(folder: Path) -> None:
    """Put the app's own files into a folder."""
    for path in app_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, folder / path)


def choose_backend(host_file: Path, backend: str) -> None:
    """Tell the durable extension where its state lives."""
    if backend == BACKENDS[0]:
        return
    host = json.loads(host_file.read_text(encoding="utf-8"))
    host["extensions"]["durableTask"]["storageProvider"] = SCHEDULER
    host_file.write_text(json.dumps(host, indent=2) + "\n", encoding="utf-8")


def install(target: Path) -> None:
    """Install the pinned dependencies for the platform that Flex Consumption runs on.

    Raises:
        CalledProcessError: a package or its hash is missing; uv has said which.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run(
        [
            *(str(Path(sys.executable).parent / "uv"), "--quiet", "pip", "install"),
            *("--target", str(target), "--python-version", version),
            *("--python-platform", PLATFORM, "--only-binary", ":all:"),
            *("--require-hashes", "--requirements", str(ROOT / "requirements.txt")),
        ],
        check=True,
    )


def compile_all(folder: Path) -> None:
    """Make bytecode that is believed without a look at its source, whose dates a zip changes.

    Raises:
        RuntimeError: a file of ours does not compile; third parties ship some that never do.
    """
    parts = [path for path in folder.iterdir() if path.name != SITE_PACKAGES.parts[0]]
    good = [_compile(path, shown_below=folder) for path in parts]
    if not all(good):
        raise RuntimeError("a file of the app does not compile")
    if (folder / SITE_PACKAGES).is_dir():
        _compile(folder / SITE_PACKAGES, shown_below=folder)


def _compile(path: Path, *, shown_below: Path) -> bool:
    mode, strip = PycInvalidationMode.UNCHECKED_HASH, str(shown_below)
    if path.is_dir():
        return bool(
            compileall.compile_dir(path, quiet=2, workers=0, stripdir=strip, invalidation_mode=mode)
        )
    return bool(compileall.compile_file(path, quiet=2, stripdir=strip, invalidation_mode=mode))


def write_archive(folder: Path, archive: Path) -> None:
    """Zip a folder, in order and without dates."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=_LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())

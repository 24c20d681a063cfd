"""What the chart takes over from elsewhere in the repository: a chart may not reach out of its folder.

`make crds` writes it anew; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from gala.api import crd, rbac
from gala.api.rbac import Rule, Scalable
from gala.settings import Settings

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "charts" / "gala-operator"
FILES: Final = CHART / "files"

_TARGETS: Final = rbac.in_target_namespaces()
_SCALABLE: Final = rbac.in_target_namespaces((Scalable("PLURAL", "GROUP"),))[len(_TARGETS) :]
"""The chart puts a kind's plural and group in these places."""


def files() -> Mapping[str, str]:
    """The text of every file below ``files/``, by its path there."""
    rules: Mapping[str, tuple[Rule, ...]] = {
        "hub": rbac.HUB_EVERYWHERE,
        "fleet": rbac.in_fleet_namespace(Settings().lease_name),
        "local-cluster": rbac.LOCAL_CLUSTER,
        "member": rbac.MEMBER_EVERYWHERE,
        "targets": _TARGETS,
        "scalable": _SCALABLE,
    }
    return {
        **{f"crds/{name}": text for name, text in crd.render_files().items()},
        **{f"rbac/{name}.yaml": _yaml(each) for name, each in rules.items()},
        "alerts.yaml": (ROOT / "monitoring" / "alerts.yaml").read_text(encoding="utf-8"),
        "dashboard.json": (ROOT / "monitoring" / "dashboard.json").read_text(encoding="utf-8"),
    }


def _yaml(rules: tuple[Rule, ...]) -> str:
    text: str = yaml.safe_dump(rbac.wire(rules), sort_keys=False, default_flow_style=None)
    return text


if __name__ == "__main__":
    for path, text in files().items():
        (FILES / path).parent.mkdir(parents=True, exist_ok=True)
        (FILES / path).write_text(text, encoding="utf-8")
        print(FILES.relative_to(ROOT) / path)

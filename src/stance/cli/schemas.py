"""Which dataclass checks which configuration: the names that files of ``conf/`` begin their defaults with."""

from __future__ import annotations

from stance.data.config import BuildConfig, DataConfig, TasksConfig
from stance.evaluation.config import (
    AuditConfig,
    BehaviourConfig,
    CheckConfig,
    EvaluateConfig,
    ProbeConfig,
    ReportConfig,
    SuspectsConfig,
)
from stance.experiments.config import CompareConfig, SummarizeConfig
from stance.inference.config import AnnotateConfig, CascadeConfig, ExportConfig, PredictConfig, SharesConfig, ShipConfig
from stance.map.config import MapConfig
from stance.models.config import KINDS
from stance.training.config import AsItIsConfig, SweepConfig, TrainConfig

#: As a file of ``conf/`` names it; one in a group after the group's name.
SCHEMAS: dict[str, type] = {
    "annotate_schema": AnnotateConfig,
    "audit_schema": AuditConfig,
    "behaviour_schema": BehaviourConfig,
    "build_schema": BuildConfig,
    "cascade_schema": CascadeConfig,
    "check_schema": CheckConfig,
    "compare_schema": CompareConfig,
    "evaluate_schema": EvaluateConfig,
    "export_schema": ExportConfig,
    "map_schema": MapConfig,
    "predict_schema": PredictConfig,
    "probe_schema": ProbeConfig,
    "report_schema": ReportConfig,
    "shares_schema": SharesConfig,
    "ship_schema": ShipConfig,
    "summarize_schema": SummarizeConfig,
    "suspects_schema": SuspectsConfig,
    "sweep_schema": SweepConfig,
    "tasks_schema": TasksConfig,
    "train_schema": TrainConfig,
    "data/data_schema": DataConfig,
    "model/as_it_is_schema": AsItIsConfig,
    **{
        f"model/{model.__name__.removesuffix('Config').lower()}_schema": model
        for model in (row.config for row in KINDS.values())
        if model is not None
    },
}

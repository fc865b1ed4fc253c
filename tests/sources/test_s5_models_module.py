"""S5's snippets as its reader would run them: only the import path is changed.

The data sets, slices and models that the document names are created before each snippet.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from core.errors import ModelNotFound, RegistryError
from core.registry import ModelService, SliceService
from core.registry.models.entities import Model, ModelTrainClass
from core.registry.models.params import ModelsFilter, ModelsFilterOptions

START = """
from core.registry import ModelService

# Create service instance
model_service = ModelService()
"""

BASIC = """
# 1. List models in a dataset
models, next_cursor, total_count = model_service.get_models(
    dataset_id="dataset_123",
    length=10
)

print(f"Found {total_count} models")
for model in models:
    print(f"- {model.name} (Baseline: {model.baseline_model})")
    print(f"  Trained: {model.is_trained}, Pinned: {model.is_pinned}")

# 2. Get a specific model
model = model_service.get_model(
    dataset_id="dataset_123",
    model_id="model_456"
)

print(f"Model: {model.name}")
print(f"Training data: {model.training_data_count}")
print(f"Validation data: {model.validation_data_count}")

# 3. Create a new model
from core.registry.models.entities import ModelTrainClass

new_model = model_service.create_model(
    dataset_id="dataset_123",
    name="YOLOv8 Detection Model v1",
    baseline_model="yolov8n",
    description="Object detection model for vehicle detection",
    training_slice_ids=["slice_train_001"],
    validation_slice_ids=["slice_val_001"],
    training_classes=[
        ModelTrainClass(
            class_name="car",
            annotation_type="box",
            ap=0.85,
            training_annotations_count=1500,
            validation_annotations_count=300
        ),
        ModelTrainClass(
            class_name="truck",
            annotation_type="box",
            ap=0.78,
            training_annotations_count=800,
            validation_annotations_count=200
        )
    ]
)

print(f"✅ Created model: {new_model.id}")
"""

ENTITIES = """
from core.registry.models.entities import Model, ModelTrainClass

# Entity relationship example
model = Model(
    name="YOLOv8 Vehicle Detector",
    baseline_model="yolov8n",
    description="Real-time vehicle detection",
    training_classes=[
        ModelTrainClass(
            class_name="car",
            annotation_type="box",
            ap=0.85
        )
    ]
)

# Access field descriptions
field_info = Model.model_fields
print(f"Name field: {field_info['name'].description}")
print(f"Baseline model field: {field_info['baseline_model'].description}")
"""

PROGRESS = """
# Create model before training
model = model_service.create_model(
    dataset_id="dataset_123",
    name="Detection Model v1",
    baseline_model="yolov8n",
    training_slice_ids=["slice_train"],
    validation_slice_ids=["slice_val"],
    is_trained=False  # Not trained yet
)

# ... training happens externally ...

# Update after training completes
from datetime import datetime

updated_model = model_service.update_model(
    dataset_id="dataset_123",
    model_id=model.id,
    is_trained=True,
    trained_at=datetime.now().isoformat(),
    training_classes=[
        ModelTrainClass(
            class_name="vehicle",
            annotation_type="box",
            ap=0.87,
            training_annotations_count=2000,
            validation_annotations_count=500
        )
    ],
    model_content_id="content_trained_weights_001"
)

print(f"✅ Training completed at {updated_model.trained_at}")
"""

COMPARE = """
from core.registry.models.params import ModelsFilter, ModelsFilterOptions

# Get all trained models
models_filter = ModelsFilter(
    must_filter=ModelsFilterOptions(
        is_trained=True
    )
)

models, _, total = model_service.get_models(
    dataset_id="dataset_123",
    models_filter=models_filter,
    length=50
)

# Compare performance
for model in sorted(models, key=lambda m: m.trained_at or "", reverse=True):
    print(f"\\n{model.name} ({model.baseline_model})")
    print(f"  Trained: {model.trained_at}")
    print(f"  Training data: {model.training_data_count}")

    if model.training_classes:
        avg_ap = sum(tc.ap or 0 for tc in model.training_classes) / len(model.training_classes)
        print(f"  Average AP: {avg_ap:.3f}")

        for tc in model.training_classes:
            print(f"    - {tc.class_name}: AP={tc.ap:.3f}")
"""

PIN = """
# Pin a production-ready model
pinned_model = model_service.pin_model(
    dataset_id="dataset_123",
    model_id="model_best_v5"
)

print(f"✅ Pinned model: {pinned_model.name}")

# Filter to show only pinned models
pinned_filter = ModelsFilter(
    must_filter=ModelsFilterOptions(
        is_pinned=True
    )
)

pinned_models, _, _ = model_service.get_models(
    dataset_id="dataset_123",
    models_filter=pinned_filter
)

print(f"\\n📌 Pinned models ({len(pinned_models)}):")
for model in pinned_models:
    print(f"  - {model.name}")
"""

EXPERIMENTS = """
# Track multiple training experiments
experiments = [
    {
        "name": "YOLOv8n - Baseline",
        "baseline": "yolov8n",
        "description": "Baseline with default hyperparameters"
    },
    {
        "name": "YOLOv8n - Augmented",
        "baseline": "yolov8n",
        "description": "With heavy augmentation"
    },
    {
        "name": "YOLOv8s - Large",
        "baseline": "yolov8s",
        "description": "Larger model variant"
    }
]

created_models = []
for exp in experiments:
    model = model_service.create_model(
        dataset_id="dataset_123",
        name=exp["name"],
        baseline_model=exp["baseline"],
        description=exp["description"],
        training_slice_ids=["slice_train"],
        validation_slice_ids=["slice_val"],
        meta={
            "experiment_group": "yolo_comparison",
            "created_at": datetime.now().isoformat()
        }
    )
    created_models.append(model)
    print(f"✅ Created experiment: {model.name}")
"""

FILTERING = """
from core.registry.models.params import (
    ModelsFilter,
    ModelsFilterOptions
)

# Complex filtering
models_filter = ModelsFilter(
    must_filter=ModelsFilterOptions(
        name_contains="yolo",
        is_trained=True,
        is_pinned=False
    ),
    not_filter=ModelsFilterOptions(
        name_contains="deprecated"
    )
)

models, next_cursor, total = model_service.get_models(
    dataset_id="dataset_123",
    models_filter=models_filter,
    length=20
)
"""

PAGES = """
all_models = []
cursor = None

while True:
    models, cursor, total = model_service.get_models(
        dataset_id="dataset_123",
        cursor=cursor,
        length=50
    )

    all_models.extend(models)
    print(f"Loaded {len(all_models)}/{total} models")

    if not cursor:
        break

print(f"✅ Loaded all {len(all_models)} models")
"""

BULK = """
# Archive old experimental models
from core.registry.models.params import ModelsFilterOptions

# Get unpinned, untrained models
old_filter = ModelsFilter(
    must_filter=ModelsFilterOptions(
        is_trained=False,
        is_pinned=False,
        name_contains="experiment"
    )
)

old_models, _, _ = model_service.get_models(
    dataset_id="dataset_123",
    models_filter=old_filter,
    length=50
)

print(f"Found {len(old_models)} old experimental models")

# Delete them
for model in old_models:
    model_service.delete_model(
        dataset_id="dataset_123",
        model_id=model.id
    )
    print(f"🗑️  Deleted: {model.name}")
"""

NAMING = """
# Good: Clear, versioned naming
name = f"{baseline_model}_{dataset_name}_v{version}"
# Example: "yolov8n_vehicles_v3"

# Better: Include training date and key metrics
from datetime import datetime
name = f"{baseline_model}_{purpose}_{datetime.now().strftime('%Y%m%d')}"
# Example: "yolov8n_detection_20250104"
"""

METADATA = """
model = model_service.create_model(
    dataset_id=dataset_id,
    name="Detection Model v5",
    baseline_model="yolov8n",
    training_slice_ids=training_slices,
    validation_slice_ids=val_slices,
    meta={
        "training_config": {
            "epochs": 100,
            "batch_size": 16,
            "learning_rate": 0.001,
            "optimizer": "Adam"
        },
        "hardware": {
            "gpu": "NVIDIA A100",
            "training_time_hours": 3.5
        },
        "dataset_version": "v2.1",
        "notes": "Improved performance on small objects"
    }
)
"""

VERSION_CONTROL = """
# Link to model weights and code versions
model = model_service.update_model(
    dataset_id=dataset_id,
    model_id=model_id,
    meta={
        "git_commit": "abc123def456",
        "model_weights_s3": "s3://models/yolov8n_v5.pt",
        "training_script_version": "v1.2.0",
        "framework_versions": {
            "pytorch": "2.0.0",
            "ultralytics": "8.0.100"
        }
    }
)
"""

PRODUCTION = """
# Mark production-ready models
production_model = model_service.pin_model(
    dataset_id=dataset_id,
    model_id=best_model_id
)

# Add production metadata
model_service.update_model(
    dataset_id=dataset_id,
    model_id=best_model_id,
    meta={
        "status": "production",
        "deployed_at": datetime.now().isoformat(),
        "deployment_endpoint": "https://api.example.com/detect",
        "approved_by": "ml_team"
    }
)
"""

AUDIT = """
# Audit model performance
models, _, _ = model_service.get_models(
    dataset_id=dataset_id,
    models_filter=ModelsFilter(
        must_filter=ModelsFilterOptions(is_trained=True)
    ),
    length=100
)

# Generate performance report
for model in models:
    if model.training_classes:
        avg_ap = sum(tc.ap or 0 for tc in model.training_classes) / len(model.training_classes)

        if avg_ap < 0.7:
            print(f"⚠️  Low performance: {model.name} (AP: {avg_ap:.3f})")
        elif avg_ap > 0.9:
            print(f"✅ High performance: {model.name} (AP: {avg_ap:.3f})")
"""

SLICE_EXISTS = """
# Solution: Verify slices exist first
from core.registry import SliceService

slice_service = SliceService()
slice = slice_service.get_slice(dataset_id=dataset_id, slice_id=slice_id)
"""

CLASSES = """
# Solution: Ensure proper ModelTrainClass objects
from core.registry.models.entities import ModelTrainClass

training_classes = [
    ModelTrainClass(
        class_name="car",  # Use 'class_name', not 'class'
        annotation_type="box",
        ap=0.85
    )
]
"""


DATASET = "dataset_123"


def run(snippet: str, **held: Any) -> dict[str, Any]:
    """What the snippet leaves behind."""
    exec(snippet, held)  # noqa: S102  # the document's own text
    return held


@pytest.fixture
def service() -> ModelService:
    """The service over a data set with every slice that the document names."""
    slices = SliceService()
    for name in ("slice_train_001", "slice_val_001", "slice_train", "slice_val"):
        slices.create_slice(DATASET, name, [f"{name}-case-{n}" for n in range(3)])
    return ModelService()


@pytest.mark.seeds(42, 43)
def test_quick_start(service: ModelService, capsys: pytest.CaptureFixture[str]) -> None:
    """List, get and create, as on the document's first page."""
    service.create_model(DATASET, "First", model_id="model_456", training_slice_ids=["slice_train"])

    held = run(BASIC, **run(START))

    assert held["total_count"] == 1
    assert "Training data: 3" in capsys.readouterr().out
    made = service.get_model(DATASET, held["new_model"].id)
    assert [(one.class_name, one.ap, one.training_annotations_count) for one in made.training_classes] == [
        ("car", 0.85, 1500),
        ("truck", 0.78, 800),
    ]
    assert (made.training_data_count, made.validation_data_count) == (3, 3)


@pytest.mark.seeds(43)
def test_fields_carry_descriptions_and_both_spellings_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Who reads a record must be able to ask what a field means."""
    run(ENTITIES)

    assert "Architecture that it starts from" in capsys.readouterr().out
    assert all(field.description for kind in (Model, ModelTrainClass) for field in kind.model_fields.values())
    assert ModelTrainClass.model_validate({"class": "car"}) == ModelTrainClass(class_name="car")
    stated = (
        "id dataset_id name baseline_model training_classes training_slices validation_slices model_content is_trained"
    )
    assert {*stated.split(), "is_pinned"} <= set(Model.model_fields)


@pytest.mark.seeds(42, 49)
def test_training_progress(service: ModelService) -> None:
    """Training is external: the record learns of it later."""
    held = run(PROGRESS, model_service=service, ModelTrainClass=ModelTrainClass)

    assert held["model"].is_trained is False
    assert held["updated_model"].is_trained is True
    assert held["updated_model"].trained_at is not None
    assert held["updated_model"].model_content.id == "content_trained_weights_001"
    assert held["updated_model"].name == "Detection Model v1"


@pytest.mark.seeds(44, 49)
def test_comparing_performance(service: ModelService, capsys: pytest.CaptureFixture[str]) -> None:
    """Trained models alone, the last one first."""
    for name, when in (("older", "2025-01-04T10:00:00"), ("newer", "2025-03-01T09:00:00")):
        classes = [ModelTrainClass(class_name="car", ap=0.8)]
        service.create_model(DATASET, name, is_trained=True, trained_at=when, training_classes=classes)
    service.create_model(DATASET, "untrained")

    run(COMPARE, model_service=service)

    said = capsys.readouterr().out
    assert said.index("newer") < said.index("older")
    assert "untrained" not in said
    assert "Average AP: 0.800" in said


@pytest.mark.seeds(42, 44)
def test_pinning_the_best(service: ModelService) -> None:
    """What is pinned is found by it."""
    service.create_model(DATASET, "Best", model_id="model_best_v5")
    service.create_model(DATASET, "Other")

    held = run(PIN, **run(COMPARE, model_service=service))

    assert [model.id for model in held["pinned_models"]] == ["model_best_v5"]
    assert service.unpin_model(DATASET, "model_best_v5").is_pinned is False


@pytest.mark.seeds(48)
def test_experiment_groups(service: ModelService) -> None:
    """A group is found by its key in meta."""
    held = run(EXPERIMENTS, model_service=service, datetime=datetime)

    group = ModelsFilterOptions(meta_key="experiment_group", meta_value="yolo_comparison")
    found, _, total = service.get_models(DATASET, ModelsFilter(must_filter=group))

    assert total == 3
    assert {model.id for model in found} == {model.id for model in held["created_models"]}


@pytest.mark.seeds(44)
def test_filtering(service: ModelService) -> None:
    """Both sides of a filter, in either case of letters."""
    for name, trained in (("YOLOv8", True), ("yolo deprecated", True), ("Yolo raw", False), ("resnet", True)):
        service.create_model(DATASET, name, is_trained=trained)

    held = run(FILTERING, model_service=service)

    assert [model.name for model in held["models"]] == ["YOLOv8"]
    assert (held["next_cursor"], held["total"]) == (None, 1)


@pytest.mark.seeds(45)
def test_pagination(service: ModelService) -> None:
    """Every model comes once."""
    for number in range(70):
        service.create_model(DATASET, f"model {number}")

    held = run(PAGES, model_service=service)

    assert [model.name for model in held["all_models"]] == [f"model {number}" for number in reversed(range(70))]


@pytest.mark.seeds(42, 47)
def test_bulk_deletion_leaves_slices(service: ModelService) -> None:
    """Only what the filter names goes, and nothing that it refers to."""
    service.create_model(DATASET, "old experiment", training_slice_ids=["slice_train"])
    service.create_model(DATASET, "pinned experiment", model_id="kept")
    service.pin_model(DATASET, "kept")

    held = run(BULK, **run(COMPARE, model_service=service))

    assert [model.name for model in held["old_models"]] == ["old experiment"]
    assert [model.id for model in service.get_models(DATASET)[0]] == ["kept"]
    with pytest.raises(ModelNotFound, match="deleted"):
        service.get_model(DATASET, held["old_models"][0].id)
    assert SliceService().get_slice(DATASET, "slice_train").case_ids


@pytest.mark.seeds(48, 49)
def test_best_practices(service: ModelService, capsys: pytest.CaptureFixture[str]) -> None:
    """Naming, metadata, links to code, and pins with production metadata."""
    named = run(NAMING, baseline_model="yolov8n", dataset_name="vehicles", version=3, purpose="detection")
    assert named["name"].startswith("yolov8n_detection_20")
    held = run(
        METADATA, model_service=service, dataset_id=DATASET, training_slices=["slice_train"], val_slices=["slice_val"]
    )
    model_id = held["model"].id
    assert held["model"].meta["training_config"]["optimizer"] == "Adam"

    linked = run(VERSION_CONTROL, model_service=service, dataset_id=DATASET, model_id=model_id)
    run(PRODUCTION, model_service=service, dataset_id=DATASET, best_model_id=model_id, datetime=datetime)

    assert linked["model"].meta["git_commit"] == "abc123def456"
    now = service.get_model(DATASET, model_id)
    assert now.is_pinned
    assert now.meta is not None
    assert now.meta["status"] == "production"


@pytest.mark.seeds(45, 48)
def test_audit_by_ap_asks_for_a_hundred(service: ModelService, capsys: pytest.CaptureFixture[str]) -> None:
    """The document itself asks for 100 once: it gets 50, a cursor and a warning."""
    for number in range(51):
        classes = [ModelTrainClass(class_name="car", ap=0.95 if number else 0.5)]
        service.create_model(DATASET, f"model {number}", is_trained=True, training_classes=classes)

    with pytest.warns(UserWarning, match="at most 50 models, not 100"):
        held = run(AUDIT, **run(COMPARE, model_service=service), dataset_id=DATASET)

    assert len(held["models"]) == 50
    assert capsys.readouterr().out.count("High performance") == 50


@pytest.mark.seeds(46)
def test_slices_must_exist(service: ModelService) -> None:
    """A model that names cases nobody knows cannot be checked by anybody."""
    found = run(SLICE_EXISTS, dataset_id=DATASET, slice_id="slice_train")
    assert found["slice"].name == "slice_train"

    with pytest.raises(RegistryError, match="has no slice nowhere"):
        service.create_model(DATASET, "x", training_slice_ids=["nowhere"])
    with pytest.raises(RegistryError, match="has no slice nowhere"):
        run(SLICE_EXISTS, dataset_id=DATASET, slice_id="nowhere")


@pytest.mark.seeds(46)
def test_classes_by_their_python_name() -> None:
    """An average precision beyond 1 is a mistake, whoever sends it."""
    assert run(CLASSES)["training_classes"][0].ap == 0.85

    with pytest.raises(ValueError, match="less than or equal to 1"):
        ModelTrainClass(class_name="car", ap=85)

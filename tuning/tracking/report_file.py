"""A report that was made when asked for, as a file of its study's run, where MLflow's pages show it."""

from mlflow.exceptions import MlflowException

from tuning.errors import ServerError
from tuning.study.study import Study
from tuning.study.urls import without_password
from tuning.tracking.run_contents import REPORT
from tuning.tracking.server import connected


def keep(study: Study, page: str) -> str | None:
    """Keep the page with the study's own run, if MLflow was told of the study; why it could not be, else None."""
    run_id = study.attributes.tracking.get("run_id")
    if run_id is None:
        return None
    try:
        with connected(study.home) as client:
            client.log_text(run_id, page, REPORT)
    except (ServerError, MlflowException, OSError) as error:
        said = without_password(str(error)).partition("\n")[0]
        return f"MLflow was not given the report, which is written all the same: {said}"
    return None

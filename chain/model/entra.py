"""Sign-in at Azure by identity, without a key."""

from collections.abc import Callable

from core.errors import ModelError, SettingsError

_SCOPE = "https://cognitiveservices.azure.com/.default"


def entra_token() -> Callable[[], str]:
    """Provider of Entra ID tokens; renews them as needed.

    Raises:
        SettingsError: azure-identity is not installed.
    """
    try:
        from azure.identity import DefaultAzureCredential, get_bearer_token_provider
    except ImportError:
        raise SettingsError(
            "STRATEGIEWIJZER_AZURE_IDENTITY needs a package that is not installed. Install it: "
            ".venv/bin/python -m pip install azure-identity"
        ) from None
    provider = get_bearer_token_provider(DefaultAzureCredential(), _SCOPE)

    def token() -> str:
        try:
            return str(provider())
        except Exception as error:  # noqa: BLE001 - of many types; none may reach a reader
            raise ModelError(
                f"Entra ID gives no token for the model's server ({type(error).__name__}). Sign in "
                "or correct the variables of azure-identity.",
                "key",
            ) from None

    return token

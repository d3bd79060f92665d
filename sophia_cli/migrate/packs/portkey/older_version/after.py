from portkey_ai import Portkey
from sophia_cli.llm import portkey_http_client

portkey = Portkey(api_key="k", http_client=portkey_http_client())

"""The text of each configuration file of the sandbox's Asterisk: an administrator's own files around our dialplan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

FIRST_OPERATOR = 101
OURS = (
    "callengine.conf",
    "common.conf",
    "inbound.conf",
    "operators.conf",
    "robot.conf",
    "queues.conf",
    "manager.conf",
    "features.conf",
)

# Only what the sandbox uses: others open ports (DUNDi, IAX, chan_sip of 16) or wait for databases.
MODULES = """
res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_crypto res_srtp res_rtp_asterisk
res_musiconhold res_speech res_agi res_smdi res_monitor res_http_websocket res_pjproject res_pjsip res_pjsip_session
res_pjsip_sdp_rtp res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest
res_pjsip_endpoint_identifier_user res_pjsip_endpoint_identifier_ip res_pjsip_registrar res_pjsip_caller_id
res_pjsip_nat res_pjsip_pubsub res_pjsip_refer res_pjsip_dtmf_info res_pjsip_diversion res_pjsip_header_funcs
res_pjsip_rfc3326 res_pjsip_dlg_options res_pjsip_acl res_pjsip_path res_pjsip_empty_info res_pjsip_transport_websocket
res_pjsip_logger chan_pjsip chan_bridge_media bridge_simple bridge_native_rtp bridge_softmix bridge_holding
bridge_builtin_features bridge_builtin_interval_features pbx_config app_dial app_queue app_mixmonitor app_stack
app_playtones app_userevent app_playback app_record app_db app_directed_pickup app_transfer app_read app_originate
app_echo app_amd app_senddtmf app_exec app_verbose app_softhangup app_channelredirect app_waitforsilence app_milliwatt
app_system func_callerid func_channel func_db func_strings func_uri func_logic func_math func_timeout func_cut func_env
func_global func_devstate func_hangupcause func_dialplan func_rand func_sprintf func_pjsip_aor func_pjsip_contact
func_pjsip_endpoint func_version codec_alaw codec_ulaw codec_g722 codec_gsm codec_resample format_wav format_pcm
format_sln format_gsm
""".split()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the files are made from. Directories are as the Asterisk sees them."""

    home: str  # the instance directory
    modules: str
    available: frozenset[str]  # the modules that this version has
    version: int
    sip_port: int
    trunk_port: int
    ami_port: int
    ami_user: str
    ami_secret: str
    fastagi: str  # HOST:PORT
    operators: int
    operator_secret: str
    language: str
    timezone: str
    settings: Mapping[str, str]  # further globals of the dialplan

    @property
    def extensions(self) -> list[str]:
        return [str(FIRST_OPERATOR + n) for n in range(self.operators)]

    @property
    def rtp_ports(self) -> tuple[int, int]:
        # Instances may overlap without harm (Asterisk tries the next port). 10 000 to 23 999: below the ephemeral ones.
        start = 10_000 + self.sip_port % 7 * 2_000
        return start, start + 1_999


def render(plan: Plan, dialplan: Path, indications: str) -> dict[str, str]:
    """File name -> text, all of etc/."""
    ours = {name: (dialplan / name).read_text("utf-8") for name in OURS}
    files = {f"callengine/{name}": text for name, text in ours.items()}
    files["callengine/manager.conf"] = _manager(ours["manager.conf"], plan)
    return files | {
        "asterisk.conf": _asterisk(plan),
        "modules.conf": _modules(plan),
        "logger.conf": "[general]\ndateformat = %F %T.%3q\n\n[logfiles]\nmessages.log => notice,warning,error\n",
        "indications.conf": indications,
        "rtp.conf": "[general]\nrtpstart = {}\nrtpend = {}\nicesupport = no\n".format(*plan.rtp_ports),
        "features.conf": "[general]\n\n[featuremap]\nblindxfer => ##\natxfer => *2\n\n"
        '[applicationmap]\n#include "callengine/features.conf"\n',
        "musiconhold.conf": "[default]\nmode = files\ndirectory = " + plan.home + "/share/moh\n",
        "manager.conf": _manager_general(plan),
        "pjsip.conf": _pjsip(plan),
        "queues.conf": _queues(plan),
        "extensions.conf": _extensions(plan),
        "cdr.conf": "[general]\nenable = no\n",
        "udptl.conf": "[general]\n",
        "amd.conf": "[general]\n",  # app_amd does not load without it
        "acl.conf": "",
    }


def _asterisk(plan: Plan) -> str:
    home = plan.home
    return f"""; Written by the sandbox of callengine at each start.
[directories]
astetcdir => {home}/etc
astmoddir => {plan.modules}
astvarlibdir => {home}/lib
astdbdir => {home}/lib
astkeydir => {home}/lib
astdatadir => {home}/share
astagidir => {home}/lib/agi-bin
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
astcachedir => {home}/cache

[options]
defaultlanguage = {plan.language}
transmit_silence = yes
live_dangerously = no
maxfiles = 8192
nocolor = yes
"""


def _modules(plan: Plan) -> str:
    return "[modules]\nautoload = no\n" + "".join(f"load = {m}.so\n" for m in MODULES if m in plan.available)


def _manager_general(plan: Plan) -> str:
    return f"""[general]
enabled = yes
webenabled = no
bindaddr = 127.0.0.1
port = {plan.ami_port}
timestampevents = yes
channelvars = CALLERID(num-pres)
displayconnects = no

#include "callengine/manager.conf"
"""


def _manager(sample: str, plan: Plan) -> str:
    text = sample.replace("[callengine]", f"[{plan.ami_user}]").replace("CHANGE-ME", plan.ami_secret)
    if plan.version < 22:
        return text
    # By name is cheaper than by regular expression, where the version can.
    lines = (line for line in text.splitlines() if not line.startswith("eventfilter ="))
    return "\n".join(line.removeprefix(";") if line.startswith(";eventfilter(") else line for line in lines) + "\n"


def _queues(plan: Plan) -> str:
    members = "".join(f"member => PJSIP/{extension}\n" for extension in plan.extensions)
    return f"""[general]
persistentmembers = no
shared_lastcall = yes

#include "callengine/queues.conf"

[desk](+)
{members}"""


def _extensions(plan: Plan) -> str:
    own = {
        "CE_FASTAGI": plan.fastagi,
        "CE_LANGUAGE": plan.language,
        "CE_HOURS": f"*,*,*,*,{plan.timezone}",
        **plan.settings,
    }
    return f"""[general]
static = yes
writeprotect = yes

[globals]

#include "callengine/callengine.conf"

[globals](+)
{_pairs(own)}"""


def _pairs(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _pjsip(plan: Plan) -> str:
    return "\n".join(
        [
            f"""[global]
type = global
user_agent = callengine sandbox
; A From user that is an operator's must prove it; any other peer on loopback is the trunk.
endpoint_identifier_order = username,ip

[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{plan.sip_port}

[phone](!)
type = endpoint
transport = udp
disallow = all
allow = alaw,ulaw
direct_media = no
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
language = {plan.language}
dtmf_mode = rfc4733
allow_transfer = yes
; A peer that vanished must not keep its call and its operator busy.
rtp_timeout = 30
rtp_timeout_hold = 600

[trunk](phone)
context = callengine-inbound
aors = trunk
trust_id_inbound = yes
send_pai = yes
rtp_timeout = 60

[trunk]
type = aor
contact = sip:127.0.0.1:{plan.trunk_port}

[trunk]
type = identify
endpoint = trunk
match = 127.0.0.0/8

[operator](!,phone)
context = callengine-operators
call_group = 1
pickup_group = 1
trust_id_outbound = yes
send_pai = yes
device_state_busy_at = 1
""",
            *_operators(plan.extensions, plan.operator_secret),
        ]
    )


def _operators(extensions: Iterable[str], secret: str) -> Iterable[str]:
    for extension in extensions:
        yield f"""[{extension}](operator)
auth = {extension}
aors = {extension}
callerid = {extension} <{extension}>

[{extension}]
type = auth
auth_type = userpass
username = {extension}
password = {secret}

[{extension}]
type = aor
max_contacts = 1
remove_existing = yes
minimum_expiration = 10
"""

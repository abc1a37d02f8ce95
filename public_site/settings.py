"""What an operator may set, and what is refused.

One `Settings` object is read from the environment (prefix `PUBLIC_SITE_`); nothing else in the package reads the
environment. A name that is not a setting is an error, because a misspelt setting is an unsafe default in disguise.
"""

from __future__ import annotations

import os
import re
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from public_site.faults import NotReady
from public_site.languages import N_

PREFIX = "PUBLIC_SITE_"
# Read by the test suite only (design: real servers where one is given).
TEST_ONLY = frozenset(
    f"PUBLIC_SITE_TEST_{name}" for name in ("PG_URL", "MEILI_URL", "MEILI_KEY_FILE", "SWEEP", "WEB_ON")
)


class SettingsRefused(NotReady):
    """The environment does not say enough, or says something unsafe, to run."""


class Settings(BaseSettings):
    """Every setting, its meaning and its default; the README's table is checked against this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data: Path = Field(Path("var"), description="数据目录：登记数据库、原始文件、密钥、检索索引都在其中。")
    database_url: str = Field(
        "", description="登记数据库地址；空则用数据目录中的 SQLite。PostgreSQL: postgresql+psycopg://…"
    )
    read_url: str = Field(
        "",
        description="只读副本的地址（PostgreSQL）；不含控制台的进程从这里读，写入仍到登记数据库。空则都用登记数据库。",
    )
    demo: bool = Field(False, description="演示登记：页面显示“企业为虚构”的横幅。由 public-site demo 设置。")
    base_url: str = Field(
        "", description="公众访问的完整地址（如 https://mingji.example.cn）。监听非本机地址时必须设置，不从请求中猜测。"
    )
    log_origin: str = Field(
        "", description="登记日志的名称（检查点首行）。空则取 base_url 的主机名加 /log；首次发布后不得更改。"
    )
    reader_memory_mb: int = Field(1024, ge=128, le=8192, description="读取公告文件的子进程可用内存上限，MB。")
    reader_seconds: int = Field(300, ge=5, le=3600, description="读取一份公告文件的时间上限，秒。")
    console_host: str = Field(
        "", description="控制台的主机名（如 console.mingji.example.cn）；设置后控制台只在这个主机名下回答。"
    )
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        description="反向代理的地址或网段，以逗号分开：只有来自这些地址的请求，其 X-Forwarded-For 和 X-Forwarded-Proto 才被采信；空则都不采信。",
    )
    parts: str = Field("public,intake", description="serve 提供的部分，以逗号分开：public、intake、console。")
    complaint_channel: str = Field(
        N_("请通过所在地生态环境主管部门公布的渠道举报，或登录全国生态环境投诉举报平台。"),
        description="举报污染的官方渠道，显示在报告页面上。",
    )
    complaint_days: int = Field(
        1095, ge=90, le=36500, description="投诉办结后保存的天数；到期由 public-site complaints upkeep 销毁。"
    )
    mail_host: str = Field("", description="发信服务器的主机名；空则不发信（投诉的通知留在发件箱）。")
    mail_port: int = Field(587, ge=1, le=65535, description="发信服务器的端口。")
    mail_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="与发信服务器的加密：starttls、tls，或 none（只用于本机）。"
    )
    mail_user: str = Field("", description="发信账号；空则不登录。")
    mail_password_file: Path | None = Field(None, description="存放发信密码的文件。")
    mail_from: str = Field(
        "", description="发件人地址，如 明绩 <no-reply@mingji.example.cn>；设了发信服务器就必须写明。"
    )
    mail_operator: str = Field("", description="运营者的地址：没有送出的通知汇总发到这里；空则不发。")
    api_per_minute: int = Field(
        600, ge=0, le=1_000_000, description="一个网络地址每分钟可向 API 提出多少次请求（每个进程）；0 为不限。"
    )
    file_limit_mb: int = Field(50, ge=1, le=1024, description="公告文件大小上限，MB。")
    meili_url: str = Field(
        "", description="Meilisearch 服务的地址（如 http://meilisearch:7700）。空则用进程内的检索引擎。"
    )
    meili_key_file: Path | None = Field(None, description="存放 Meilisearch 密钥的文件；空则不带密钥。")
    meili_index: str = Field(
        "enterprises", pattern="^[A-Za-z0-9_-]{1,64}$", description="索引的名称；多个登记共用一个服务时各取其名。"
    )
    meili_milliseconds: int = Field(
        300, ge=50, le=10_000, description="一次查询等待 Meilisearch 的时间上限，毫秒；超过则改用名称开头匹配。"
    )

    ready_mb: int = Field(
        64, ge=0, le=65_536, description="每个进程在内存中保留的已生成页面和答复上限，MB；0 为不保留。"
    )
    fresh_milliseconds: int = Field(
        250,
        ge=0,
        le=10_000,
        description="PostgreSQL：多少毫秒查一次登记的最新条目；0 为每次请求都查。SQLite 总是即时的。",
    )
    metrics_token_file: Path | None = Field(
        None, description="存放 /metrics 令牌的文件（Authorization: Bearer …）；空则只有本机未经代理的程序能读。"
    )
    stop_seconds: int = Field(60, ge=1, le=3600, description="停止或重启时，等待正在进行的请求（如下载）完成的秒数。")
    run: Path | None = Field(None, description="同一次 serve 的各进程合计数字的目录；由 serve 设置。")

    open_data_quiet_seconds: int = Field(
        60, ge=0, le=86_400, description="登记多少秒没有新条目后自动导出开放数据；0 为不自动导出。"
    )
    open_data_url: str = Field(
        "",
        description="开放数据文件由谁发送：空为本程序；以 / 开头的路径为 nginx 的内部位置（X-Accel-Redirect）；"
        "https:// 地址为对象存储或 CDN（302 转去，只转已经上传的版本）。",
    )
    open_data_keep_days: int = Field(
        31, ge=1, le=36_500, description="开放数据各版本完整保留的天数；更早的每月只留最后一个版本，其余只留变化记录。"
    )

    filings: str = Field("", description="备案号（如 京ICP备…号-1 京公网安备…号），显示在每页页脚；空则不显示。")

    map_ground_file: Path | None = Field(
        None, description="地图底图文件（GeoJSON，面）；空则用随程序生成的行政区划轮廓。"
    )
    map_ground_source: str = Field(
        "", description="底图的名称和提供者，显示在地图下方；换用自己的底图或瓦片时必须写明。"
    )
    map_ground_gcj02: bool = Field(False, description="自己的底图文件是否为 GCJ-02 坐标；是则换算为 WGS 84。")
    map_approval: str = Field("", description="审图号，显示在地图下方；空则不显示。")
    map_tiles: str = Field(
        "",
        description="瓦片底图的地址模板，含 {x}、{y}、{z}（主机可含 {s}，为 0 至 7），如带密钥的天地图地址；空则不用瓦片。",
    )

    @field_validator("map_tiles")
    @classmethod
    def _is_a_template(cls, value: str) -> str:
        parts = urlsplit(value)
        wanted = all(name in value for name in ("{x}", "{y}", "{z}"))
        if value and (parts.scheme != "https" or not wanted or not re.fullmatch(r"[A-Za-z0-9.{}:-]+", parts.netloc)):
            raise ValueError("应为 https:// 开头、含 {x}、{y}、{z} 的地址")
        return value

    @model_validator(mode="after")
    def _reads_what_it_writes(self) -> Settings:
        if self.read_url and not self.database_url.startswith("postgresql"):
            raise ValueError("PUBLIC_SITE_READ_URL 只用于 PostgreSQL：请先设置 PUBLIC_SITE_DATABASE_URL")
        return self

    @model_validator(mode="after")
    def _says_whose_ground(self) -> Settings:
        if (self.map_ground_file or self.map_tiles) and not self.map_ground_source:
            raise ValueError("换用自己的底图或瓦片时，请用 PUBLIC_SITE_MAP_GROUND_SOURCE 写明来源")
        return self

    @model_validator(mode="after")
    def _says_who_writes(self) -> Settings:
        if self.mail_host and "@" not in parseaddr(self.mail_from)[1]:
            raise ValueError("设置了 PUBLIC_SITE_MAIL_HOST，请用 PUBLIC_SITE_MAIL_FROM 写明发件人地址")
        if self.mail_user and self.mail_password_file is None:
            raise ValueError("设置了 PUBLIC_SITE_MAIL_USER，请用 PUBLIC_SITE_MAIL_PASSWORD_FILE 指明存放密码的文件")
        if self.mail_user and self.mail_security == "none" and self.mail_host not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("发信密码不能不加密地送到另一台机器；PUBLIC_SITE_MAIL_SECURITY 应为 starttls 或 tls")
        return self

    @field_validator("base_url", "meili_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/")):
            raise ValueError("应为 https://主机名，不带路径")
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for one in filter(None, value.replace(" ", "").split(",")):
            if ip_network(one).prefixlen == 0:
                raise ValueError("不能采信所有地址")
        return value.replace(" ", "")

    @field_validator("open_data_url")
    @classmethod
    def _is_a_place_of_files(cls, value: str) -> str:
        if value and not re.fullmatch(r"(https?://[A-Za-z0-9.:-]+)?(/[A-Za-z0-9._~-]+)*/?", value):
            raise ValueError("应为 https://主机名/路径，或以 / 开头的路径")
        return value.rstrip("/")

    @property
    def register_url(self) -> str:
        """SQLAlchemy address of the register's database."""
        return self.database_url or f"sqlite:///{self.data / 'register.db'}"

    @property
    def origin(self) -> str:
        """First line of every checkpoint (C2SP tlog-checkpoint: a schema-less URL naming the log)."""
        return self.log_origin or f"{urlsplit(self.base_url).netloc or 'localhost'}/log"

    @property
    def originals(self) -> Path:
        """Folder of the notices' original files, each named by its SHA-256."""
        return self.data / "originals"

    @property
    def uploads(self) -> Path:
        """Folder of uploaded files while they are read."""
        return self.data / "uploads"

    @property
    def console_key(self) -> Path:
        """Key that the console's second factors are sealed with (32 bytes)."""
        return self.data / "keys" / "console.key"

    @property
    def address(self) -> str:
        """What complete addresses begin with; this machine where no public address is set."""
        return self.base_url or "http://localhost"

    @property
    def is_secure(self) -> bool:
        """Whether the public address is an https one; then cookies travel over https only."""
        return self.base_url.startswith("https://")

    @property
    def log_key(self) -> Path:
        """The log's Ed25519 private key (PEM, PKCS 8)."""
        return self.data / "keys" / "log.pem"

    @property
    def receipt_keys(self) -> Path:
        """Folder of the keys that receipts are signed with."""
        return self.data / "keys" / "receipts"

    @property
    def proof_key(self) -> Path:
        """The key (PEM) of the registration proofs of complaints; made in the key ceremony."""
        return self.data / "keys" / "complaints" / "proof.pem"

    @property
    def shelf(self) -> Path:
        """Folder of grade checks for the hour that they are kept, sealed."""
        return self.data / "checks"

    @property
    def index_folder(self) -> Path:
        """Folder of the embedded search index (generations and CURRENT)."""
        return self.data / "search"

    @property
    def open_data_folder(self) -> Path:
        """Folder of the open-data versions and their index."""
        return self.data / "open-data"

    def as_environment(self) -> dict[str, str]:
        """These settings as the environment of another process."""
        told = self.model_dump(mode="json")
        return {f"{PREFIX}{name.upper()}": str(value) for name, value in told.items() if value not in ("", None)}

    def allow_serving_on(self, host: str) -> None:
        """Refuse to be reachable from outside without knowing the public address.

        Raises: SettingsRefused.
        """
        if host not in {"127.0.0.1", "localhost", "::1"} and not self.base_url:
            raise SettingsRefused(
                f"要在 {host} 上对外服务，请先设置 PUBLIC_SITE_BASE_URL（公众访问的完整地址），"
                "链接、订阅和检查点都要用它，不能从请求中猜测。"
            )


def from_environment(**changes: object) -> Settings:
    """The settings of this process; `changes` (from the command line) win over the environment.

    Raises: SettingsRefused, naming the variable and what is wrong with it.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields} | TEST_ONLY
    unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    if unknown:
        raise SettingsRefused(f"不认识的设置：{'、'.join(unknown)}。请检查拼写；可用的设置见 README。")
    try:
        return Settings(**changes)  # type: ignore[arg-type]  # pydantic checks the values, that is its job
    except ValidationError as error:
        said = "；".join(
            f"{PREFIX}{str(e['loc'][0]).upper()}：{e['msg']}" if e["loc"] else e["msg"] for e in error.errors()
        )
        raise SettingsRefused(f"设置有误：{said}") from None

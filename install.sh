#!/bin/sh
# Installs micro, or another version of it, on Linux and macOS:
#
#   curl -fsSL ADDRESS/install.sh | MICRO_INSTALL_URL=ADDRESS sh
#   wget -qO- ADDRESS/install.sh | MICRO_INSTALL_URL=ADDRESS sh -s -- --version v0.1.0
#
# MICRO_INSTALL_URL      folder of the releases: latest, VERSION/SHA256SUMS, VERSION/micro-PLATFORM (docs/guide/install.md)
# MICRO_INSTALL_VERSION  the version to install; without it the one that `latest` names
# MICRO_INSTALL_DIR      where to put it; without it ~/.local/bin, or /usr/local/bin for root
#
# Nothing is replaced before the new program is complete, has the right sha256 and runs. The version before stays as micro.old.
# Plain POSIX sh. Everything is a function and the last line starts it, so half a download of this script does nothing.

# A list of hashes or the name of a version, and one program, in blocks of 512 bytes: an endless answer must not fill the disk.
text_blocks_max=128
program_blocks_max=2097152
# Seconds without an answer or without a byte.
wait_seconds=60
redirects_max=5

say() { printf '%s\n' "$1"; }

fail() {
  printf 'micro: %s\n' "$1" >&2
  # No "$@" here: some old shells call it unset when it is empty.
  while [ $# -gt 1 ]; do
    shift
    printf '  %s\n' "$1" >&2
  done
  exit 1
}

usage() {
  say 'usage: install.sh [--version VERSION] [--dir FOLDER]'
  say 'MICRO_INSTALL_URL names the folder of the releases'
}

main() {
  set -u
  url=${MICRO_INSTALL_URL:-}
  version=${MICRO_INSTALL_VERSION:-}
  folder=${MICRO_INSTALL_DIR:-}
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --dir)
        [ $# -ge 2 ] || fail "$1 needs a value"
        if [ "$1" = --version ]; then version=$2; else folder=$2; fi
        shift 2
        ;;
      --version=*) version=${1#*=} && shift ;;
      --dir=*) folder=${1#*=} && shift ;;
      -h | --help) usage && return 0 ;;
      *) usage >&2 && fail "unknown argument: $1" ;;
    esac
  done
  check_url
  check_tools
  asset=micro-$(platform) || exit 1
  find_folder
  target=$folder/micro
  [ ! -d "$target" ] || fail "$target is a folder" 'set MICRO_INSTALL_DIR to another place'
  open_folder
  find_version
  install_version
}

check_url() {
  [ -n "$url" ] || fail 'there are no releases yet: set MICRO_INSTALL_URL to the address of a folder that holds them'
  case $url in
    https://?* | http://?*) url=${url%/} ;;
    *) fail "MICRO_INSTALL_URL is no http or https address: $url" ;;
  esac
}

has() { command -v "$1" >/dev/null 2>&1; }

check_tools() {
  for tool in uname id mkdir chmod mv cp ln rm cat tr df; do
    has "$tool" || fail "this needs the program $tool, which is not on your PATH"
  done
  if has curl; then
    downloader=curl
  elif has wget; then
    downloader=wget
    # Only GNU's wget knows how to stop trying; left alone it tries a broken answer twenty times.
    case $(wget --version 2>&1 </dev/null) in *'GNU Wget'*) downloader=gnu_wget ;; esac
  else
    fail 'this needs curl or wget, and neither is on your PATH' 'install one of them and try again'
  fi
  for hasher in sha256sum shasum openssl none; do
    ! has "$hasher" || break
  done
  [ "$hasher" != none ] || fail 'this needs sha256sum, shasum or openssl to check the download, and none is on your PATH'
}

# Prints PLATFORM-ARCHITECTURE as the files of a release are called.
platform() {
  system=$(uname -s)
  machine=$(uname -m)
  case $system in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    MINGW* | MSYS* | CYGWIN* | Windows*) fail 'this is Windows: use install.ps1 in PowerShell' ;;
    *) os= ;;
  esac
  case $machine in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) cpu= ;;
  esac
  # A 64-bit kernel may carry a 32-bit system (Raspberry Pi), and an Arm Mac says x86_64 to programs it translates.
  if [ "$os" = linux ] && has getconf && [ "$(getconf LONG_BIT 2>/dev/null)" = 32 ]; then
    machine="$machine (32 bit)"
    cpu=
  fi
  if [ "$os-$cpu" = darwin-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then cpu=arm64; fi
  if [ -z "$os" ] || [ -z "$cpu" ]; then
    fail "there is no micro for $system $machine" 'there is one for Linux and macOS on x86_64 and arm64, and for Windows'
  fi
  printf '%s\n' "$os-$cpu"
}

find_folder() {
  if [ -z "$folder" ]; then
    if [ "$(id -u)" = 0 ]; then
      folder=/usr/local/bin
    else
      [ -n "${HOME:-}" ] || fail 'HOME is not set' 'set MICRO_INSTALL_DIR to the folder micro should go to'
      folder=$HOME/.local/bin
    fi
  fi
  case $folder in
    /*) ;;
    *) folder=$PWD/$folder ;;
  esac
  [ "$folder" = / ] || folder=${folder%/}
}

# Makes the folder and the temporary files in it: a rename within one folder is all that happens at the end.
open_folder() {
  elsewhere='set MICRO_INSTALL_DIR to a folder of your own, or run this as a user who may write there'
  told=$(mkdir -p "$folder" 2>&1) || fail "cannot make $folder: $(last_line "$told")" "$elsewhere"
  temporary=$folder/.micro.$$.tmp
  trap 'rm -f "$temporary" "$temporary.old"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # Made new, never opened: a link that somebody put there would lead elsewhere.
  told=$( (umask 077 && set -C && : >"$temporary") 2>&1) || fail "cannot write to $folder: $(last_line "$told")" "$elsewhere"
}

find_version() {
  if [ -z "$version" ]; then
    fetch "$url/latest" "$text_blocks_max"
    read -r version <"$temporary" || [ -n "$version" ] || fail "$url/latest is empty"
    version=$(printf '%s' "$version" | tr -d ' \t\r')
    source="$url/latest says"
  else
    case $version in [0-9]*) version=v$version ;; esac
    source='you asked for'
  fi
  case $version in
    *[!A-Za-z0-9.+-]* | *..*) fail "that is no version: $source $(printf '%s' "$version" | LC_ALL=C tr -cd '!-~')" ;;
    v[0-9]*.[0-9]*.[0-9]*) ;;
    *) fail "that is no version: $source $version" 'a version looks like v0.1.0' ;;
  esac
}

install_version() {
  fetch "$url/$version/SHA256SUMS" "$text_blocks_max"
  find_sum
  if [ -f "$target" ] && [ "$(hash_of "$target")" = "$sum" ]; then
    say "micro $version is installed already: $target"
    next_steps
    return 0
  fi
  say "downloading micro $version ($asset)"
  fetch "$url/$version/$asset" "$program_blocks_max"
  got=$(hash_of "$temporary")
  [ "$got" = "$sum" ] || fail "$url/$version/$asset is damaged or not the released file; nothing was changed" \
    "sha256 in SHA256SUMS: $sum" "sha256 of the download: $got"
  chmod 755 "$temporary" || fail "cannot make $temporary executable"
  try_program
  replace
  say "micro $version is installed: $target"
  next_steps
}

# The line of SHA256SUMS that names our file: a hash, a blank, then a blank or *, then the name.
find_sum() {
  sum=
  return_character=$(printf '\r')
  while read -r hash name || [ -n "$hash" ]; do
    name=${name#\*}
    name=${name%"$return_character"}
    if [ "$name" = "$asset" ]; then
      sum=$(printf '%s' "$hash" | tr 'A-F' 'a-f')
      break
    fi
  done <"$temporary"
  [ -n "$sum" ] || fail "$url/$version/SHA256SUMS does not name $asset" "micro $version was not released for this platform"
  case $sum in *[!0-9a-f]*) sum=x ;; esac
  [ ${#sum} = 64 ] || fail "$url/$version/SHA256SUMS is damaged: no sha256 for $asset"
}

hash_of() {
  case $hasher in
    sha256sum) hashed=$(sha256sum <"$1") ;;
    shasum) hashed=$(shasum -a 256 <"$1") ;;
    openssl) hashed=$(openssl dgst -sha256 <"$1") && hashed=${hashed##* } ;;
  esac 2>/dev/null
  printf '%s\n' "${hashed%% *}"
}

last_line() {
  last=
  while read -r line; do [ -z "$line" ] || last=$line; done <<END
$1
END
  printf '%s\n' "$last"
}

# fetch ADDRESS BLOCKS: into $temporary, whole or not at all.
fetch() {
  if told=$( (ulimit -f "$2" 2>/dev/null || :; download "$1") 2>&1 </dev/null); then return 0; fi
  free=$(free_kilobytes)
  if [ -n "$free" ] && [ "$free" -lt 1024 ]; then
    fail "no space left on the disk of $folder; nothing was changed" "needed for $1"
  fi
  fail "cannot download $1; nothing was changed" "$(last_line "$told")"
}

download() {
  case $downloader in
    curl)
      # The shell opens the file: a curl that is a snap may not.
      protocols='=https'
      case $url in http:*) protocols='=http,https' ;; esac
      curl --fail --silent --show-error --location --max-redirs "$redirects_max" --proto "$protocols" \
        --connect-timeout "$wait_seconds" --speed-time "$wait_seconds" --speed-limit 1 "$1" >"$temporary"
      ;;
    gnu_wget)
      wget --no-verbose --tries=2 --timeout="$wait_seconds" --max-redirect="$redirects_max" -O "$temporary" "$1"
      ;;
    # Busybox has limits of its own, and 1.35 of it crashes when given others.
    wget) wget -O "$temporary" "$1" ;;
  esac
}

# What df calls available, which stands before the column with the percent sign; empty when that cannot be read.
free_kilobytes() {
  before=
  for word in $(df -Pk "$folder" 2>/dev/null); do
    case $word in
      [0-9]*%) printf '%s\n' "$before" && return 0 ;;
    esac
    case $word in *[!0-9]*) before= ;; *) before=$word ;; esac
  done
}

# A program for another C library, or a folder that may not hold programs, shows here and not after the old one is gone.
try_program() {
  told=$("$temporary" --version 2>&1 </dev/null) && return 0
  fail "micro $version does not run here; nothing was changed" "$(last_line "$told")" \
    'on Linux it needs glibc (not musl, as in Alpine), and its folder must not be mounted noexec'
}

replace() {
  # Somebody else may have installed the same meanwhile: then theirs stays, and so does what they kept.
  if [ -f "$target" ] && [ "$(hash_of "$target")" = "$sum" ]; then return 0; fi
  told=$(keep_old 2>&1) || fail "cannot keep the version before as $target.old: $(last_line "$told")" 'nothing was changed'
  told=$(mv -f "$temporary" "$target" 2>&1) || fail "cannot replace $target: $(last_line "$told")"
}

# The present file gets a second name, so that there is a micro at every moment.
keep_old() {
  [ -e "$target" ] || return 0
  if [ -L "$target" ] || ! ln "$target" "$temporary.old" 2>/dev/null; then
    cp -p "$target" "$temporary.old" || return 1
  fi
  mv -f "$temporary.old" "$target.old"
}

next_steps() {
  [ ! -e "$target.old" ] || say "the version before is kept, to go back: micro upgrade --rollback"
  first=$(command -v micro 2>/dev/null) || first=
  case :${PATH:-}: in
    *:"$folder":*)
      [ -z "$first" ] || [ "$first" = "$target" ] || say "another micro comes first on your PATH: $first"
      ;;
    *)
      say "it is not on your PATH yet; type this, and put it into $(profile_file):"
      say "  export PATH=\"$folder:\$PATH\""
      ;;
  esac
  say 'next: micro server, and in another terminal: micro --help'
}

# shellcheck disable=SC2088 # The tilde is for the reader.
profile_file() {
  case ${SHELL:-} in
    */zsh) say '~/.zshrc' ;;
    */bash) say '~/.bashrc' ;;
    *) say '~/.profile' ;;
  esac
}

{ main "$@"; }

# Installs micro, or another version of it, on Windows (Windows PowerShell 5.1 and PowerShell 7):
#
#   $env:MICRO_INSTALL_URL = 'ADDRESS'; irm "$env:MICRO_INSTALL_URL/install.ps1" | iex
#
# MICRO_INSTALL_URL      folder of the releases: latest, VERSION/SHA256SUMS, VERSION/micro-win-x64.exe (docs/guide/install.md)
# MICRO_INSTALL_VERSION  the version to install; without it the one that `latest` names
# MICRO_INSTALL_DIR      where to put it; without it Programs\micro in %LOCALAPPDATA%
#
# Nothing is replaced before the new program is complete, has the right sha256 and runs. The version before stays as micro.old.exe.
# Everything stands in one block that ends with the script, so half a download of it does nothing and nothing of it stays in the session.

& {
    # Set here, these end with the block. The progress bar of 5.1 makes a download many times slower.
    Set-StrictMode -Version 2
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'

    $asset = 'micro-win-x64.exe'
    $textBytesMax = 65536
    $textSeconds = 60
    $programSeconds = 3600
    $redirectsMax = 5

    # Where the releases are: as the user wrote it, without a slash at the end.
    function Get-ReleaseUrl {
        $url = $env:MICRO_INSTALL_URL
        if (-not $url) {
            throw 'micro: there are no releases yet: set MICRO_INSTALL_URL to the address of a folder that holds them'
        }
        if ($url -notmatch '^https?://.') { throw "micro: MICRO_INSTALL_URL is no http or https address: $url" }
        # 5.1 on older systems offers TLS 1.0 only.
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
        return $url.TrimEnd('/')
    }

    function Assert-Platform {
        if ($env:OS -ne 'Windows_NT') { throw 'micro: this is not Windows: use install.sh' }
        # A 32-bit PowerShell says x86 on any machine; the second variable is there then.
        $machine = $env:PROCESSOR_ARCHITEW6432
        if (-not $machine) { $machine = $env:PROCESSOR_ARCHITECTURE }
        # Windows on Arm runs programs for x64.
        if (@('AMD64', 'ARM64') -notcontains $machine) { throw "micro: there is no micro for Windows on $machine" }
    }

    function Get-InstallFolder {
        $folder = $env:MICRO_INSTALL_DIR
        if (-not $folder) {
            if (-not $env:LOCALAPPDATA) { throw 'micro: LOCALAPPDATA is not set: set MICRO_INSTALL_DIR to the folder micro should go to' }
            $folder = Join-Path -Path $env:LOCALAPPDATA -ChildPath 'Programs\micro'
        }
        $folder = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($folder)
        try {
            [void][IO.Directory]::CreateDirectory($folder)
        }
        catch {
            throw "micro: cannot make ${folder}: $($_.Exception.Message) Set MICRO_INSTALL_DIR to a folder of your own."
        }
        return $folder
    }

    # Brings one file, whole or not at all.
    function Save-File([string] $Address, [string] $File, [int] $Seconds) {
        try {
            Invoke-WebRequest -Uri $Address -OutFile $File -UseBasicParsing -TimeoutSec $Seconds -MaximumRedirection $redirectsMax
        }
        catch {
            throw "micro: cannot download $Address; nothing was changed: $($_.Exception.Message)"
        }
    }

    # Brings a short text. What it says is believed, so it must not have come over http when https was asked for.
    function Get-Text([string] $Address, [string] $File) {
        try {
            $answer = Invoke-WebRequest -Uri $Address -OutFile $File -PassThru -UseBasicParsing -TimeoutSec $textSeconds -MaximumRedirection $redirectsMax
        }
        catch {
            throw "micro: cannot download $Address; nothing was changed: $($_.Exception.Message)"
        }
        $base = $answer.BaseResponse
        if ($base -is [Net.HttpWebResponse]) { $final = $base.ResponseUri } else { $final = $base.RequestMessage.RequestUri }
        if ($Address -like 'https:*' -and $final.Scheme -ne 'https') {
            throw "micro: $Address led from https to http, which is refused; nothing was changed"
        }
        if ((Get-Item -LiteralPath $File -Force).Length -gt $textBytesMax) {
            throw "micro: $Address is longer than $textBytesMax bytes; nothing was changed"
        }
        return @(Get-Content -LiteralPath $File)
    }

    function Get-Version([string] $Url, [string] $File) {
        $version = $env:MICRO_INSTALL_VERSION
        $source = 'you asked for'
        if (-not $version) {
            $version = "$(Get-Text -Address "$Url/latest" -File $File | Select-Object -First 1)"
            $source = "$Url/latest says"
        }
        $version = $version.Trim()
        if ($version -match '^[0-9]') { $version = "v$version" }
        if ($version -notmatch '^v[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$' -or $version.Contains('..')) {
            throw "micro: that is no version: $source $version (a version looks like v0.1.0)"
        }
        return $version
    }

    # The line of SHA256SUMS that names our file: a hash, a blank, then a blank or *, then the name.
    function Get-Sum([string] $Address, [string] $File) {
        foreach ($line in (Get-Text -Address $Address -File $File)) {
            if ($line -match '^([0-9A-Fa-f]{64})[ \t]+\*?(\S+)[ \t]*$' -and $Matches[2] -ceq $asset) { return $Matches[1] }
        }
        throw "micro: $Address has no sha256 for $asset; nothing was changed"
    }

    function Get-Hash([string] $File) {
        return (Get-FileHash -LiteralPath $File -Algorithm SHA256).Hash
    }

    # A program that cannot run here shows now and not after the old one is gone.
    function Assert-Runs([string] $Program, [string] $Version) {
        # What a program says on stderr is no error of this script; 5.1 thinks so.
        $ErrorActionPreference = 'Continue'
        $said = ''
        try {
            $said = & $Program --version 2>&1 | Select-Object -Last 1
            $failed = $LASTEXITCODE -ne 0
        }
        catch {
            $failed = $true
            $said = $_.Exception.Message
        }
        if ($failed) { throw "micro: micro $Version does not run here; nothing was changed: $said" }
    }

    # A running program cannot be overwritten, only renamed.
    function Move-IntoPlace([string] $Fresh, [string] $Target, [string] $Previous) {
        $kept = $false
        try {
            if (Test-Path -LiteralPath $Target) {
                if (Test-Path -LiteralPath $Previous) { Remove-Item -LiteralPath $Previous -Force }
                Move-Item -LiteralPath $Target -Destination $Previous
                $kept = $true
            }
            Move-Item -LiteralPath $Fresh -Destination $Target
        }
        catch {
            $reason = $_.Exception.Message
            if ($kept) { Move-Item -LiteralPath $Previous -Destination $Target }
            throw "micro: cannot replace ${Target}: $reason (does a micro still run?)"
        }
    }

    function Show-NextSteps([string] $Folder, [string] $Previous) {
        if (Test-Path -LiteralPath $Previous) { Write-Host 'the version before is kept, to go back: micro upgrade --rollback' }
        if (@($env:Path -split ';' | ForEach-Object { $_.TrimEnd('\') }) -notcontains $Folder.TrimEnd('\')) {
            $quoted = $Folder.Replace("'", "''")
            Write-Host 'it is not on your PATH yet; for this window and for later ones:'
            Write-Host "  `$env:Path = '$quoted;' + `$env:Path"
            Write-Host "  [Environment]::SetEnvironmentVariable('Path', '$quoted;' + [Environment]::GetEnvironmentVariable('Path', 'User'), 'User')"
        }
        Write-Host 'next: micro server, and in another terminal: micro --help'
    }

    function Install-Micro {
        $url = Get-ReleaseUrl
        Assert-Platform
        $folder = Get-InstallFolder
        $target = Join-Path -Path $folder -ChildPath 'micro.exe'
        $previous = Join-Path -Path $folder -ChildPath 'micro.old.exe'
        if (Test-Path -LiteralPath $target -PathType Container) { throw "micro: $target is a folder" }
        $temporary = Join-Path -Path $folder -ChildPath ('.micro.' + [Guid]::NewGuid().ToString('N') + '.exe')
        try {
            $version = Get-Version -Url $url -File $temporary
            $sum = Get-Sum -Address "$url/$version/SHA256SUMS" -File $temporary
            if ((Test-Path -LiteralPath $target) -and (Get-Hash -File $target) -eq $sum) {
                Write-Host "micro $version is installed already: $target"
            }
            else {
                Write-Host "downloading micro $version ($asset)"
                Save-File -Address "$url/$version/$asset" -File $temporary -Seconds $programSeconds
                $got = Get-Hash -File $temporary
                if ($got -ne $sum) {
                    throw "micro: $url/$version/$asset is damaged or not the released file; nothing was changed (sha256 in SHA256SUMS: $sum, of the download: $got)"
                }
                Assert-Runs -Program $temporary -Version $version
                Move-IntoPlace -Fresh $temporary -Target $target -Previous $previous
                Write-Host "micro $version is installed: $target"
            }
        }
        finally {
            if (Test-Path -LiteralPath $temporary) { Remove-Item -LiteralPath $temporary -Force }
        }
        Show-NextSteps -Folder $folder -Previous $previous
    }

    # Not `exit`: that would close the window of somebody who typed the line above.
    Install-Micro
}

/** Every bound of the system by name. An error that says a bound was hit names it as it stands here. */

const KiB = 1024;
const MiB = 1024 * KiB;

/** One message in either direction (wire.md 2.6). */
export const messageBytesMax = 32 * MiB;
/** One HTTP request body at the API. */
export const bodyBytesMax = 100 * MiB;
/** All HTTP request bodies that the API holds at one time. */
export const bodiesBytesMax = 256 * MiB;
/** Request headers of one call, in bytes of names and values. */
export const headerBytesMax = 64 * KiB;
/** One blob. */
export const blobBytesMax = 512 * MiB;

/** Source archives: compressed or plain bytes uploaded, bytes unpacked, entries, and depth of folders. */
export const archiveBytesMax = 256 * MiB;
export const unpackedBytesMax = 512 * MiB;
export const archiveEntriesMax = 50_000;
export const archiveDepthMax = 64;

/** One store key and value, in bytes. */
export const storeKeyBytesMax = 64 * KiB;
export const storeValueBytesMax = 16 * MiB;
/** Metadata of one record, in bytes of its JSON. */
export const storeMetadataBytesMax = 64 * KiB;
/** Writes (or reads) waiting at one database file, and their bytes. */
export const storeQueueMax = 10_000;
export const storeQueueBytesMax = 64 * MiB;
/** Writes in one group commit, and their bytes. */
export const storeGroupMax = 1_000;
export const storeGroupBytesMax = 8 * MiB;
/** Bytes of keys and values that one scan or list may answer; longer ones are read in parts with limit and offset. */
export const storeScanBytesMax = 128 * MiB;

/** Unary calls, when the caller names no time. */
export const clientTimeoutMs = 10_000;
/** Registered nodes live this long without a refresh; services refresh at the interval. */
export const registerTtlMs = 90_000;
export const registerIntervalMs = 30_000;
/** A watcher that is more events behind than this is told several changes of one version as one. */
export const watchMergeAfter = 64;
/** Events a watcher may be behind, and nodes in all of them together. */
export const watchQueueMax = 4_096;
export const watchQueueNodesMax = 500_000;
/** Nodes in one service version, versions and endpoints of one service. */
export const nodesMax = 10_000;
export const endpointsMax = 10_000;
/** Service versions in one registry, over all domains. */
export const registryVersionsMax = 100_000;
/** A registry with a file: renewals are written this often; changes that wait to be written. */
export const registryFlushMs = 5_000;
export const registryJournalMax = 100_000;
/** After its restart: how long a node may take to be reached and how many are tried at once; how often one that has not registered anew is tried; how long ago the lease of one that is reached may have ended. */
export const registryProbeMs = 300;
export const registryProbesMax = 64;
export const registryProbationMs = 1_000;
export const registryRestoreMsMax = 600_000;
/** A service name, version or domain, in characters. */
export const registryNameCharsMax = 253;
/** A node id or address, in characters. */
export const nodeTextCharsMax = 512;
/** Descriptors of other services: how long one is asked for them and they are believed, and how many services' are kept, and bytes of them. */
export const reflectionTimeoutMs = 5_000;
export const reflectionTrustMs = 60_000;
export const reflectedServicesMax = 256;
export const reflectedBytesMax = 64 * MiB;
/** Descriptors of a server without reflection, which the registry keeps, in characters. */
export const registeredFilesCharsMax = 128 * KiB;
/** One reflection stream asks for many names: the list of what its caller may see is believed this long. */
export const visibleTrustMs = 1_000;
/** Services of which one search for a name that is no service's may read the descriptors. */
export const reflectionSearchMax = 64;
/** Health of other services: how long one has to answer, how often a watched one is asked, and how many may be watched. */
export const healthTimeoutMs = 2_000;
export const healthWatchMs = 1_000;
export const healthWatchersMax = 1_000;
/** Depth of registered value trees, top = 0 (wire.md 4.2). */
export const valueTreeDepthMax = 6;
/** Fields of one such tree: types that hold each other would multiply at every level. */
export const valueTreeFieldsMax = 4_096;

/** Verified tokens remembered per process. */
export const tokenCacheMax = 10_000;
/** One access token, in characters. */
export const tokenCharsMax = 16 * KiB;

/** One line of a service's log; longer lines are cut. */
export const logLineBytesMax = 64 * KiB;
/** One log file before it is rotated, and how many rotated files stay. */
export const logFileBytesMax = 16 * MiB;
export const logFilesMax = 3;
/** Lines of one service that wait for the disk, in characters; more are counted and dropped. */
export const logPendingBytesMax = 16 * MiB;

/** Plugins: time to start and to stop. */
export const startTimeoutMs = 10_000;
export const stopTimeoutMs = 5_000;
/** A service has this long to register before its start counts as failed. */
export const serviceStartTimeoutMs = 30_000;
/** A stopped service has this long before SIGKILL. */
export const serviceStopTimeoutMs = 10_000;
/** Crash restarts: first and longest pause; a run this long resets the pause. */
export const restartDelayMsMin = 500;
export const restartDelayMsMax = 30_000;
export const restartResetMs = 60_000;

/** Nesting of JSON text that the command line reads or prints. */
export const jsonDepthMax = 10_000;

/** An error's detail on the wire, in characters: it travels in headers. */
export const errorDetailCharsMax = 8 * KiB;
/** Connections one client keeps, by address; the longest unused one is closed beyond it. */
export const connectionsMax = 100;
/** Calls in flight on one connection to us. */
export const connectionStreamsMax = 10_000;
/** Finished spans one process remembers for Debug.Trace. */
export const spansMax = 256;

/** One namespace, account id, account name or rule id, in characters. */
export const namespaceCharsMax = 256;
export const accountIdCharsMax = 256;
/** One account as JSON: its scopes and metadata travel in every token. */
export const accountBytesMax = 8 * KiB;
/** One account's secret, in characters; as long as a token, since a token may stand for a secret. */
export const secretCharsMax = tokenCharsMax;
/** Rules of one namespace. */
export const rulesMax = 1_000;
/** Access tokens: life when none is asked for, and the longest, in seconds. */
export const tokenExpirySeconds = 900;
export const tokenExpirySecondsMax = 365 * 24 * 3_600;
/** How far the clock of who makes a token may be ahead of the server's. */
export const tokenClockSkewMs = 60_000;
/** A refresh token that is not used for this long ends; a used one still works for the grace. */
export const refreshTokenTtlMs = 30 * 24 * 3_600_000;
export const refreshGraceMs = 60_000;
/** Refresh tokens of one login that may be within the grace at one time. */
export const refreshTurnsMax = 64;
/** Keys that sign no more and whose tokens may still live. */
export const formerKeysMax = 64;
/** Keys that are tried on a token which names none, the present one and then the latest. */
export const unnamedKeysMax = 8;
/** Failed logins: how many at once and how often one more, of one account and from one address. */
export const loginFailuresMax = 10;
export const loginFailureMs = 30_000;
export const addressFailuresMax = 50;
export const addressFailureMs = 10_000;
/** Buckets that failed logins of all accounts, and those from all addresses, fall into. */
export const loginBucketsMax = 16_384;
/** Accounts whose addresses are remembered from logins, and addresses of one. */
export const loginAccountsMax = 10_000;
export const loginAddressesMax = 16;
/** How long a gateway's word for the address of its caller counts. */
export const vouchedMs = 60_000;
/** Rounds of scrypt (N 16384, r 8: 16 MiB) that a new password hash takes. */
export const passwordWork = 5;
/** Password hashes computed at one time, and callers waiting for theirs. */
export const passwordHashesMax = 2;
export const passwordQueueMax = 256;
/** Namespaces whose rules are remembered per process. */
export const ruleCacheMax = 1_000;
/** Clients without a key trust a verified token and a rule list for this long, while they are told of changes. */
export const tokenTrustMs = 60_000;
export const ruleTrustMs = 60_000;
/** And for this long after they were last told, while they are not: the server restarts, or is an old one. */
export const unwatchedTrustMs = 1_000;
/** The feed of such changes says that it is alive this often, and is opened anew after this silence. */
export const changesBeatMs = 500;
export const changesSilentMs = 5_000;
/** Pauses before it is opened again, first and longest, and for a server that has none or refuses. */
export const changesRetryMsMin = 100;
export const changesRetryMsMax = 2_000;
export const changesRefusedMs = 30_000;
/** Tokens of open calls that are asked about at one time, after changes may have been missed. */
export const judgedAtOnce = 16;
/** Changes one watcher may be behind, and watchers of one auth service. */
export const changesQueueMax = 1_024;
export const changesWatchersMax = 10_000;
/** The local-admin credential: life of one, and how often it is renewed. */
export const localAdminTtlMs = 3_600_000;
export const localAdminRenewMs = 1_200_000;
/** Waiting for another micro process that is writing a file in ~/.micro; a lock this old was left behind. */
export const homeLockWaitMs = 15_000;
export const homeLockStaleMs = 10_000;
/** A command line that ends waits this long for a token being renewed: the server has replaced the old one already. */
export const renewSettleMs = 2_000;
/** A new password is asked for this often when the two do not match; so is any answer that must be one of a few words. */
export const passwordTriesMax = 5;
/** `micro signup`: one call, the last one, which makes the account, and how often and how long it asks whether a payment arrived. */
export const signupCallMs = 10_000;
export const signupCompleteMs = 30_000;
export const paymentPollMs = 2_000;
export const paymentWaitMs = 3_600_000;
/** Long commands look at their token this often. */
export const keepFreshMs = 15_000;
/** One file in ~/.micro that the command line reads. */
export const homeFileBytesMax = 4 * MiB;
/** Pauses between attempts to register after a failure, first and longest. */
export const registerRetryMsMin = 250;
export const registerRetryMsMax = 5_000;
/** One attempt to register or deregister. */
export const registerCallMs = 5_000;
export const deregisterCallMs = 2_000;
/** How long a router leaves a node out that refused a connection. */
export const nodePenaltyMs = 2_000;
/** Namespaces a router keeps in memory when it may not see all of them at once. */
export const routerNamespacesMax = 16;
/** Who watches a registry compares with a list this long after opening the watch, and then this often. */
export const registrySettleMs = 1_000;
export const registryResyncMs = 30_000;
/** Nodes a router remembers as failed. */
export const failedNodesMax = 10_000;
/** The proxy: connections to it, calls in flight on each, time to speak HTTP/2, time to dial a node. */
export const proxyConnectionsMax = 10_000;
export const proxyStreamsMax = 1_000;
export const proxyHandshakeMs = 10_000;
export const nodeDialMs = 5_000;
/** Cancelled calls on one connection of the proxy to a node, before it opens another. */
export const nodeResetsMax = 250;
/** A connection without calls is closed after this long. */
export const idleConnectionMs = 300_000;
/** Calls that the proxy's process answers itself: what their large messages may hold together, what counts as large, and messages inflated at one time. */
export const largeMessagesBytesMax = 256 * MiB;
export const largeMessageBytes = 64 * KiB;
export const inflationsMax = 4;
/** What a client takes of one answer before its reader does, in bytes. */
export const clientWindowBytes = MiB;
/** What one stream may hold back in the proxy, per direction, in bytes. */
export const proxyWindowBytes = 256 * KiB;
/** Calls may finish this long after stop began, then they are cut (wire.md 2.6). */
export const drainMs = 1_000;
/** `micro env check` waits this long for an answer. */
export const envCheckTimeoutMs = 5_000;
/** Clocks that are less apart than this are not worth a line. */
export const clockSkewShownMs = 2_000;
/** How long a peer that did not understand plain text is asked whether it expects TLS. */
export const tlsProbeMs = 2_000;
/** The HTTP API: connections to it, time to send the head of a request and all of it, and how long an idle connection stays. */
export const httpConnectionsMax = 10_000;
export const httpHeadersTimeoutMs = 10_000;
export const httpRequestTimeoutMs = 300_000;
export const httpKeepAliveMs = 65_000;
/** How often the API looks for requests that are over their time. */
export const httpCheckMs = 1_000;
/** Parts of one query string or form, and how deep `a[b][c]` may nest. */
export const queryFieldsMax = 1_000;
export const queryDepthMax = 32;
/** After the drain: time for the last statuses to leave before connections are cut. */
export const goodbyeMs = 100;
/** `micro run --wait`: how long, and how often it looks. */
export const runWaitMs = 120_000;
export const runWaitPollMs = 50;
/** A call to a service that is only just starting waits this long for it. */
export const startWaitMs = 30_000;
/** Messages inside messages, in JSON; protobuf bytes end at protobufjs's own 100. */
export const messageDepthMax = 64;
/** Messages, map entries and 64-bit list items in one message: 32 MiB of the smallest would hold the process up for half a minute. */
export const messageItemsMax = 512 * KiB;
/** Third-party plugins: folders in ~/.micro/plugins, one plugin.json, one bundled file of code, and how deep message settings may nest. */
export const externalPluginsMax = 1_000;
export const pluginManifestBytesMax = MiB;
export const pluginEntryBytesMax = 64 * MiB;
export const pluginFieldDepthMax = 8;
/** Releases: the name of a version or a list of hashes, one program, redirects of one download, time without a byte, and time a new program has to say its version. */
export const releaseTextBytesMax = 64 * KiB;
export const releaseProgramBytesMax = 1_024 * MiB;
export const releaseRedirectsMax = 5;
export const releaseIdleMs = 60_000;
export const releaseTrialMs = 60_000;
/** A log that cannot be written is told at once, then this often with what was lost meanwhile. */
export const logFaultReportMs = 60_000;
/** One file descriptor, all those of one service, and how many; names in one file, characters of one name, and messages declared inside messages. */
export const descriptorBytesMax = MiB;
export const descriptorSetBytesMax = 8 * MiB;
export const descriptorFilesMax = 1_000;
export const descriptorSymbolsMax = 50_000;
export const descriptorNameCharsMax = 512;
export const descriptorDepthMax = 32;
/** HTTP/2 connections: bytes queued for a peer that does not read, fields of one header block, frames that one block may come in. */
export const outboxBytesMax = 4 * MiB;
export const headerFieldsMax = 1_000;
export const headerFramesMax = 32;
/** What all streams of one caller's connection may hold back together, in bytes. */
export const connectionWindowBytes = 4 * MiB;
/** Cancellations by one peer: at once, and per second in the long run. */
export const peerResetsMax = 20_000;
export const peerResetsPerSecond = 2_000;
/** Frames of one peer that carry nothing (PING, SETTINGS, PRIORITY, empty DATA and the like): at once, and per second. */
export const controlFramesMax = 10_000;
export const controlFramesPerSecond = 1_000;
/** A peer that has begun a frame or a header block, or that we sent SETTINGS to, must go on within this time. */
export const frameTimeoutMs = 10_000;
/** A peer that takes nothing of what waits for it is let go after this long. */
export const stalledConnectionMs = 300_000;
/** The proxy looks after its connections to nodes this often; one with calls in flight that is silent is asked for a sign of life, routed around when that takes too long, and cut after the longest time. */
export const nodeTickMs = 250;
export const nodeQuietMs = 500;
export const nodeUnresponsiveMs = 1_000;
export const nodeSilentMs = 30_000;
/** The proxy ends a call so long after its deadline: caller and service, who know it too, have the first word. */
export const proxyDeadlineGraceMs = 100;
/** Bytes of a request that the proxy keeps until its answer begins, for a second try when a node refuses the call unread. */
export const proxyReplayBytesMax = 64 * KiB;
/** Connections to one node: each takes as many calls as the node allows on one. */
export const nodeConnectionsMax = 64;
/** Fields of all messages of one described service. */
export const descriptorFieldsMax = 100_000;
/** TLS: time from the first byte to the end of a handshake, handshakes under way at one time, bytes of one file of certificates or of a key, and how often such files are looked at. */
export const tlsHandshakeMs = 10_000;
export const tlsHandshakesMax = 1_000;
export const certificateFileBytesMax = MiB;
export const certificateLookMs = 2_000;
/** A certificate that a server makes for itself: its life, when it is renewed before its end, names in it, and how often that is looked at. */
export const selfSignedDays = 397;
export const selfSignedRenewDays = 60;
export const selfSignedNamesMax = 100;
export const selfSignedLookMs = 3_600_000;
/** Certificates from ACME: host names in one, one answer of the authority, one request to it, and one order from its account to the certificate. */
export const acmeHostsMax = 100;
export const acmeAnswerBytesMax = 256 * KiB;
export const acmeRequestMs = 30_000;
export const acmeOrderMs = 300_000;
/** Pauses between two looks at an order, first and longest. */
export const acmePollMsMin = 250;
export const acmePollMsMax = 10_000;
/** Pauses between orders that fail, first and longest; the longest wait that the authority may ask for; how often the clock is looked at. */
export const acmeRetryMsMin = 120_000;
export const acmeRetryMsMax = 3_600_000;
export const acmeRetryAfterMsMax = 24 * 3_600_000;
export const acmeLookMs = 3_600_000;
/** One stored account or certificate, and what is told of an authority's words, in characters. */
export const acmeFileBytesMax = MiB;
export const acmeReasonCharsMax = 400;

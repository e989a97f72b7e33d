#!/usr/bin/env node
// Made from operator/kubectl by `make generate`. Do not edit.
// The kubectl plugin of Sluice, https://github.com/sluice-dev/sluice. SPDX-License-Identifier: Apache-2.0
(function(node_util, node_child_process, node_stream_consumers, node_timers_promises, node_readline_promises) {
	// process/version.ts
	const version = "0.1.0";
	// operator/kubectl/commands.ts
	const STATUSES = [
		"NEW",
		"PENDING",
		"PUBLISHING",
		"PLAYING"
	];
	const PROVIDERS = [
		"WebRTC",
		"RTSP",
		"RTMP",
		"SRT"
	];
	const SHELLS = [
		"bash",
		"zsh",
		"fish"
	];
	const GLOBAL = {
		namespace: {
			value: "NAME",
			short: "n",
			help: "Namespace of the MediaServer",
			values: "namespaces"
		},
		context: {
			value: "NAME",
			help: "Context of the kubeconfig",
			values: "contexts"
		},
		kubeconfig: {
			value: "FILE",
			help: "Path of the kubeconfig",
			values: "files"
		},
		help: {
			short: "h",
			help: "Print the help of a command"
		}
	};
	const output = (...values) => ({
		value: values.join("|"),
		short: "o",
		help: "Output format",
		values
	});
	const FILTERS = {
		id: {
			value: "ID",
			help: "Only the stream with this id; may be repeated"
		},
		session: {
			value: "ID",
			help: "Only the stream of this session"
		},
		name: {
			value: "NAME",
			help: "Only streams with this name"
		},
		app: {
			value: "KEY",
			help: "Only streams of the app with this key",
			values: "appkeys"
		},
		published: { help: "Only publications" },
		played: { help: "Only playbacks" },
		status: {
			value: "STATUS",
			help: `Only streams with this status: ${STATUSES.join(", ")}`,
			values: STATUSES
		},
		provider: {
			value: "NAME",
			help: `Only streams from there: ${PROVIDERS.join(", ")}`,
			values: PROVIDERS
		}
	};
	const SERVER = {
		least: 0,
		most: 1,
		values: "mediaservers"
	};
	const DEFAULT_SERVER = "MEDIASERVER may be left out if the namespace has only one.";
	const COMMANDS = {
		status: {
			summary: "Show a fleet, its config and hooks, what is wrong, and what to do",
			usage: "[MEDIASERVER]",
			takes: SERVER,
			options: { output: output("json") },
			notes: `Without MEDIASERVER, shows all MediaServers of the namespace. Reads objects of Kubernetes only.

Exit status: 0 if nothing is wrong, 1 if something is wrong or could not be read, 2 for bad arguments.`
		},
		streams: {
			summary: "List the live streams of all pods",
			usage: "[MEDIASERVER]",
			takes: SERVER,
			options: {
				...FILTERS,
				watch: {
					short: "w",
					help: "Look every 2 seconds, and print what has changed"
				},
				output: output("wide", "json", "name")
			},
			notes: `${DEFAULT_SERVER} With several filters, a stream must match all of them.

Asks the REST API of one pod through kubectl port-forward, which answers for all pods. Needs the permission to create
pods/portforward, and to get the Secret of spec.rest.authRef. With -o name, prints ids.

Exit status: 0 if the list is complete, also if it is empty; 1 if it is not complete; 2 for bad arguments.`
		},
		captures: {
			summary: "List captures with their states, and say how to start those again that were ended",
			usage: "[MEDIASERVER]",
			takes: SERVER,
			options: {
				app: {
					...FILTERS.app,
					help: "Only captures of the app with this key"
				},
				output: output("wide", "json", "name")
			},
			notes: `Without MEDIASERVER, lists all StreamCaptures of the namespace. Reads objects of Kubernetes only. With -o name, prints
names that kubectl takes.

Exit status: 0 if the list could be read, whatever the states are; 1 if not; 2 for bad arguments.`
		},
		terminate: {
			summary: "End streams, after showing how many and asking",
			usage: "[MEDIASERVER] (FILTERS | --all)",
			takes: SERVER,
			options: {
				...FILTERS,
				all: { help: "End every stream of the MediaServer" },
				"dry-run": { help: "Only show how many streams would end" },
				yes: {
					short: "y",
					help: "End them without the dry run and without asking"
				},
				"deny-for": {
					value: "DURATION",
					help: "Also deny the same clients the same streams for this time, such as 60s"
				},
				timeout: {
					value: "DURATION",
					help: "Time in which all pods must answer (default 1m)"
				},
				output: output("json")
			},
			notes: `${DEFAULT_SERVER} With several filters, a stream must match all of them.

Creates a StreamTermination, so it needs no credentials of the REST API.

Exit status: 0 if streams have ended (with --dry-run: would end); 1 if none matched, a pod did not answer, or the answer
to the question was no; 2 for bad arguments.`
		},
		why: {
			summary: "Explain why a stream is live, or why it has ended",
			usage: "(ID | NAME) [--mediaserver NAME]",
			takes: {
				least: 1,
				most: 1
			},
			options: {
				mediaserver: {
					value: "NAME",
					help: "MediaServer of the stream",
					values: "mediaservers"
				},
				app: FILTERS.app,
				published: FILTERS.published,
				played: FILTERS.played,
				limit: {
					value: "COUNT",
					help: "Explain at most this many streams (default 5)"
				},
				output: output("json")
			},
			notes: `ID is the id of a stream or of its session. Live streams come first, then those that ended last.
Each pod remembers the last 100 streams that ended, until its container stops. Needs the same permissions as streams.

Exit status: 0 if the stream was found, 1 if not, 2 for bad arguments.`
		},
		completion: {
			summary: "Print the completion script of a shell",
			usage: "(bash | zsh | fish)",
			takes: {
				least: 1,
				most: 1,
				values: SHELLS
			},
			options: {},
			notes: `The script completes the command kubectl-sluice. For "kubectl sluice", kubectl runs an executable
kubectl_complete-sluice on the PATH, with these two lines:

  #!/bin/sh
  exec kubectl-sluice __complete "$@"`
		},
		version: {
			summary: "Print the version of this program",
			usage: "",
			takes: {
				least: 0,
				most: 0
			},
			options: {},
			notes: "The same as --version."
		},
		__complete: {
			summary: "Print what can come next, for the completion of shells",
			usage: "WORDS...",
			takes: {
				least: 0,
				most: Infinity
			},
			options: {},
			notes: "",
			hidden: true,
			isRaw: true
		}
	};
	const commandOf = (name) => COMMANDS[name];
	const isCommand = (name) => Object.hasOwn(COMMANDS, name);
	const COMMAND_NAMES = Object.keys(COMMANDS).filter((name) => !commandOf(name).hidden);
	// operator/kubectl/arguments.ts
	var BadArguments = class extends Error {};
	function readArguments(args) {
		if (args.length === 0) return {
			kind: "help",
			command: null
		};
		const first = tokensOf(args, Object.assign({}, GLOBAL, ...COMMAND_NAMES.map((name) => commandOf(name).options))).find((token) => token.kind === "positional");
		if (!first) return withoutCommand(args);
		if (first.value === "help") return {
			kind: "help",
			command: helped(args[first.index + 1])
		};
		const name = nameOf$1(first.value);
		const command = commandOf(name);
		if (command.isRaw) return {
			kind: "run",
			command: name,
			positionals: args.slice(first.index + 1),
			options: new Map()
		};
		const tokens = tokensOf(args.toSpliced(first.index, 1), {
			...GLOBAL,
			...command.options
		});
		const options = optionsOf(tokens, name, {
			...GLOBAL,
			...command.options
		});
		if (options.has("help")) return {
			kind: "help",
			command: name
		};
		const positionals = tokens.flatMap((token) => token.kind === "positional" ? [token.value] : []);
		checkCount(positionals, name, command);
		return {
			kind: "run",
			command: name,
			positionals,
			options
		};
	}
	function withoutCommand(args) {
		if (args.includes("--version")) return {
			kind: "run",
			command: "version",
			positionals: [],
			options: new Map()
		};
		if (optionsOf(tokensOf(args, GLOBAL), null, GLOBAL).has("help")) return {
			kind: "help",
			command: null
		};
		throw new BadArguments(`no command given; the commands are ${COMMAND_NAMES.join(", ")}`);
	}
	const helped = (name) => name === void 0 ? null : nameOf$1(name);
	function nameOf$1(name) {
		if (isCommand(name)) return name;
		throw new BadArguments(`unknown command "${name}"; the commands are ${COMMAND_NAMES.join(", ")}`);
	}
	function asKubectl(args) {
		const end = args.indexOf("--");
		return args.map((each, index) => end >= 0 && index > end ? each : each.replace(/^(-[A-Za-z])=/, "$1"));
	}
	function tokensOf(args, options) {
		const config = Object.entries(options).map(([name, { short, value }]) => {
			return [name, {
				type: value === void 0 ? "boolean" : "string",
				...short === void 0 ? {} : { short }
			}];
		});
		return (0, node_util.parseArgs)({
			args: asKubectl(args),
			options: Object.fromEntries(config),
			strict: false,
			allowPositionals: true,
			tokens: true
		}).tokens;
	}
	function optionsOf(tokens, command, options) {
		const values = new Map();
		for (const token of tokens) {
			if (token.kind !== "option") continue;
			const fault = faultOf(token, command, options);
			if (fault !== null) throw new BadArguments(fault);
			values.set(token.name, [...values.get(token.name) ?? [], token.value ?? "true"]);
		}
		return values;
	}
	function faultOf({ inlineValue, name, rawName, value }, command, options) {
		const option = Object.hasOwn(options, name) ? options[name] : void 0;
		const help = command === null ? "kubectl sluice --help" : `kubectl sluice ${command} --help`;
		if (!option) return `${rawName}: unknown option; ${help} lists the options`;
		if (option.value === void 0) return value === void 0 ? null : `${rawName}: takes no value`;
		if (value === void 0 || value === "") return `${rawName}: needs a value (${option.value})`;
		if (inlineValue === false && value.startsWith("-")) return `${rawName}: needs a value (${option.value}); write ${rawName}=${value} if this is the value`;
		return wrongWord(rawName, value, option.values);
	}
	function wrongWord(rawName, value, values) {
		if (!Array.isArray(values) || values.includes(value)) return null;
		return `${rawName}: must be one of ${values.join(", ")}, got "${value}"`;
	}
	function checkCount(positionals, name, { takes, usage }) {
		const [empty] = positionals.filter((each) => each === "");
		if (!(positionals.length >= takes.least && positionals.length <= takes.most && empty === void 0)) throw new BadArguments(`wrong number of arguments; usage: kubectl sluice ${name} ${usage}`.trimEnd());
		const { values } = takes;
		const wrong = Array.isArray(values) ? positionals.find((each) => !values.includes(each)) : void 0;
		if (wrong !== void 0) throw new BadArguments(`must be one of ${values.join(", ")}, got "${wrong}"`);
	}
	function one({ options }, name) {
		const values = options.get(name) ?? [];
		if (values.length > 1) throw new BadArguments(`--${name}: may be given only once`);
		return values[0];
	}
	const has = ({ options }, name) => options.has(name);
	// crds/schema/capture-reasons.ts
	const TO_START_AGAIN = "; to start it again: ";
	// operator/kubectl/advice.ts
	const TREE = "https://github.com/sluice-dev/sluice/blob/main/";
	const linkTo = (section) => `${TREE}${section}`;
	const KEEP_ALIVE = "docs/keep-alive.md#which-streams-are-checked";
	const PAGE = "docs/troubleshooting.md#";
	const ROWS = [
		[/^EmptyFilterRefused$/, "Use a filter instead of all: true, or change rest.emptyFilter."],
		[
			/^MediaServerNotFound$/,
			"Correct the name in mediaServerRef, or create the MediaServer in this namespace.",
			`${PAGE}the-app-names-a-mediaserver-that-does-not-exist`
		],
		[
			/^PipeFailed$/,
			"Open the UDP ports of media.pipePorts between the pods, or allow more of them.",
			`${PAGE}the-pods-are-not-one-fleet`
		],
		[
			/^TimedOut$/,
			"Create the StreamTermination again under another name.",
			`${PAGE}the-pods-are-not-one-fleet`
		],
		[
			/^Conflict$/,
			"Change the appKey of one StreamApp, or delete one of them.",
			`${PAGE}two-apps-have-one-key`
		],
		[
			/^InvalidReference$/,
			"Create the object that the message names, or correct the reference.",
			`${PAGE}the-secret-of-the-rest-api-does-not-exist`
		],
		[
			/^InvalidSpec$/,
			"Correct the field that the message names.",
			`${PAGE}a-value-can-never-work`
		],
		[
			/^Failing$/,
			"Correct the URL of the RestHook, or repair the backend. Streams continue meanwhile.",
			`${PAGE}the-backend-does-not-answer`
		],
		[
			/^ChecksWait$/,
			"Increase maxConnections or the interval, or make the backend faster.",
			"docs/keep-alive.md#the-arithmetic"
		],
		[
			/^(ErrImagePull|ImagePullBackOff|InvalidImageName)$/,
			"Correct spec.image, or give the nodes access to the registry.",
			`${PAGE}the-image-cannot-be-pulled`
		],
		[
			/^Unschedulable$/,
			"Lower resources.requests, or add nodes.",
			`${PAGE}no-node-has-room`
		],
		[
			/^FailedCreate$/,
			"Use another media.exposure, allow the pods in the namespace, or raise its quota.",
			`${PAGE}the-namespace-does-not-allow-the-pods`
		],
		[
			/Unavailable$/,
			"Install the CRD that the message names, or remove the field.",
			`${PAGE}the-cluster-does-not-have-a-kind`
		],
		[
			/^Refused$/,
			"Correct the field that the message names.",
			`${PAGE}the-pods-refuse-the-config`
		],
		[
			/^(CrashLoopBackOff|Error|RunContainerError)$/,
			"Correct what the message names, then delete the pod to start it at once.",
			`${PAGE}a-pod-cannot-start-with-the-config`
		],
		[
			/^[A-Z][A-Za-z]+Refused$/,
			"Correct the field that the message names.",
			`${PAGE}the-api-server-refuses-what-the-operator-creates`
		],
		[
			/^IngressHostTaken$/,
			"Give each MediaServer a host of its own.",
			`${PAGE}requests-reach-the-wrong-media-server`
		],
		[
			/^NameTaken$/,
			"Rename the MediaServer, or delete the object that the message names.",
			"docs/kubernetes.md#what-the-operator-creates"
		],
		[
			/^NodesForbidden$/,
			"Set rbac.readNodes in the values of the chart.",
			"docs/kubernetes.md#permissions"
		],
		[
			/^NodeAddressMissing$/,
			"Give the node an external address, or set media.announcedAddress.",
			"docs/kubernetes.md#reaching-the-media-port"
		],
		[
			/^(PodUnreachable|MemberUnreachable)$/,
			"Allow traffic to internal.port between the operator and all pods, or delete the pod.",
			"docs/kubernetes.md#several-pods"
		],
		[
			/^ImageTooOld$/,
			"Let all pods run one version: remove spec.image, or set a newer one.",
			"docs/kubernetes.md#several-pods"
		],
		[
			/^PodNotReady$/,
			"Check the node that the message names. Kubernetes replaces pods of a failed node.",
			"docs/kubernetes.md#4-change-the-configuration"
		],
		[/^NoReadyPods$/, "See the other problems of this MediaServer. Else look at its pods with kubectl describe."],
		[/^ConfigTooLarge$/, "Remove StreamApps or RestHooks, or split them over several MediaServers."],
		[/^(ConfigNotWritten|RosterNotWritten)$/, "Correct what the message names. The operator retries every few seconds."],
		[
			/^OldDrainTimeout$/,
			"kubectl rollout restart applies it to all pods.",
			"docs/kubernetes.md#4-change-the-configuration"
		],
		[
			/^AppKeyNotListed$/,
			"List the appKey in spec.keepAlive.appKeys, or leave that list empty.",
			`${PAGE}streams-are-not-checked-the-mediaserver-does-not-list-the-app`
		],
		[
			/^NoHook$/,
			"Set restHookRef if a backend is to check the streams.",
			KEEP_ALIVE
		],
		[
			/^MethodNotListed$/,
			"Add StreamKeepAliveEvent to methods of the RestHook.",
			KEEP_ALIVE
		],
		[
			/^PolicyDisable$/,
			"Set restPolicy of StreamKeepAliveEvent to NOTIFY.",
			KEEP_ALIVE
		],
		[
			/^RefusalOnlyLogged$/,
			"Set restOnError of StreamKeepAliveEvent to FAIL.",
			`${PAGE}a-403-ends-nothing`
		],
		[
			/^PodsUnreachable$/,
			"Create the StreamTermination again when all pods answer.",
			"docs/kubernetes.md#several-pods"
		],
		[
			/^NotObserved$/,
			"Check that the operator runs and watches this namespace.",
			`${PAGE}the-operator-leaves-a-mediaserver-alone`
		]
	];
	const HOOK_KEY = [
		/^RefNotFound$/,
		"Correct the keys of the Secret or ConfigMap that the message names.",
		`${PAGE}the-secret-of-a-hook-lacks-its-key`
	];
	const REFERENCE = [
		/^RefNotFound$/,
		"Create the object that the message names, or correct the name.",
		`${PAGE}the-app-names-a-resthook-that-does-not-exist`
	];
	function adviceFor(reason, message) {
		const row = [message.includes("has no key") ? HOOK_KEY : REFERENCE, ...ROWS].find(([pattern]) => pattern.test(reason));
		if (!row) return null;
		const [, fix, section] = row;
		return {
			fix,
			link: section === void 0 ? null : linkTo(section)
		};
	}
	const CAPTURE_ADVICE = {
		fix: "Look the reason up in the table of this section.",
		link: linkTo(`${PAGE}a-stream-is-not-captured`)
	};
	[...[
		HOOK_KEY,
		REFERENCE,
		...ROWS
	].flatMap(([, , section]) => section ?? [])];
	// operator/kubectl/text.ts
	const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
	const plain = (text) => text.replaceAll(CONTROLS, "?");
	function table(headings, rows) {
		const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => widthOf(row, column))));
		return [headings, ...rows].map((row) => `${lineOf(row, widths)}\n`).join("");
	}
	const lineOf = (row, widths) => row.map((text, column) => shown(text).padEnd(widths[column] ?? 0)).join("   ").trimEnd();
	const widthOf = (row, column) => shown(row[column] ?? "").length;
	const shown = (text) => text === "" ? "<none>" : plain(text);
	const UNITS = [
		["d", 864e5],
		["h", 36e5],
		["m", 6e4],
		["s", 1e3]
	];
	function age(ms) {
		const seconds = Math.max(0, Math.floor(ms / 1e3));
		if (seconds < 120) return `${seconds}s`;
		const first = UNITS.findIndex(([, size]) => seconds * 1e3 >= size);
		const [unit, size] = UNITS[first] ?? UNITS[3];
		const count = Math.floor(seconds * 1e3 / size);
		const [smaller, smallerSize] = UNITS[first + 1] ?? UNITS[3];
		const rest = Math.floor((seconds * 1e3 - count * size) / smallerSize);
		return count >= 10 || rest === 0 ? `${count}${unit}` : `${count}${unit}${rest}${smaller}`;
	}
	const plural = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;
	const time = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
	const json = (value) => `${escaped(JSON.stringify(value, null, 4))}\n`;
	const jsonLine = (value) => `${escaped(JSON.stringify(value))}\n`;
	const escaped = (text) => text.replaceAll(CONTROLS, (one) => one === "\n" ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
	// operator/kubectl/capture-rows.ts
	function captureRow({ metadata, spec, status = {} }, appKey) {
		const { reason = "", message = "" } = status.conditions?.find(({ type }) => type === "Capturing") ?? {};
		const { assignment, bitrate = null, connectedSince = "", held, keyFrameInterval = "", restarts = 0 } = status;
		const { source = "", tracks = [] } = status;
		return {
			name: metadata.name,
			namespace: metadata.namespace ?? "",
			appKey,
			stream: spec.name,
			source,
			state: reason,
			message,
			isHeld: held !== void 0,
			codecs: tracks.map(({ codec }) => codec),
			size: sizeOf(tracks),
			keyFrameInterval,
			bitrate,
			restarts,
			connectedSince,
			pod: assignment?.pod ?? ""
		};
	}
	function sizeOf(tracks) {
		const { height, width } = tracks.find(({ kind }) => kind === "video") ?? {};
		return width && height ? `${width}x${height}` : "";
	}
	const COLUMNS$1 = [
		["NAME", ({ name }) => name],
		["STREAM", ({ stream }) => stream],
		["SOURCE", ({ source }) => source],
		["STATE", ({ state }) => state],
		["CODECS", ({ codecs }) => codecs.join(",")],
		["KEYFRAMES", ({ keyFrameInterval }) => keyFrameInterval],
		["BITRATE", ({ bitrate }) => bitrate === null ? "" : bitrateText(bitrate)],
		["RESTARTS", ({ restarts }) => String(restarts)],
		["POD", ({ pod }) => pod]
	];
	const WIDE$1 = [
		["APP", ({ appKey }) => appKey],
		["SIZE", ({ size }) => size],
		["CONNECTED", ({ connectedSince }) => connectedSince]
	];
	function capturesPage(rows, isWide) {
		const columns = isWide ? [...COLUMNS$1, ...WIDE$1] : COLUMNS$1;
		const lines = rows.filter(isToBeExplained).flatMap(explanationOf);
		return [table(columns.map(([heading]) => heading), rows.map((row) => columns.map(([, text]) => text(row)))), ...lines.length === 0 ? [] : [[...lines, `States: ${linkTo(STATES)}`].map((line) => `${plain(line)}\n`).join("")]].join("\n");
	}
	const STATES = "docs/captures.md#states";
	const AS_WANTED = [
		"Connected",
		"Idle",
		"Suspended"
	];
	const isToBeExplained = ({ state }) => !AS_WANTED.includes(state);
	function explanationOf(row) {
		const { isHeld, message, name } = row;
		if (message === "") return [`${name}: the operator has not written a status`];
		const [what = ""] = isHeld ? message.split(TO_START_AGAIN) : [message];
		return [`${name}: ${what}`, ...isHeld ? [`  → To start it again: ${restartOf(row)}`] : []];
	}
	const restartOf = ({ name, namespace }) => `kubectl annotate streamcapture ${name} --namespace=${namespace} sluice.dev/restart="$(date)" --overwrite`;
	function bitrateText(bitsPerSecond) {
		const isSmall = bitsPerSecond < 1e6;
		const value = bitsPerSecond / (isSmall ? 1e3 : 1e6);
		return `${Number(value.toPrecision(2))} ${isSmall ? "kbit/s" : "Mbit/s"}`;
	}
	// operator/kubectl/failure.ts
	var Failure = class extends Error {};
	// operator/kubectl/kubectl-errors.ts
	const INSTALL = "https://github.com/sluice-dev/sluice/blob/main/docs/kubernetes.md#1-install-the-operator";
	const PERMISSIONS = "https://github.com/sluice-dev/sluice/blob/main/docs/kubectl.md#permissions";
	const KNOWN = [
		{
			pattern: /the server doesn't have a resource type "(?:mediaserver|streamapp|resthook|streamtermination)s?/,
			say: () => `Sluice is not installed in this cluster: its kinds are missing. Install the chart: ${INSTALL}`
		},
		{
			pattern: /the server doesn't have a resource type "streamcaptures?/,
			say: () => `the chart in this cluster is older than captures. Upgrade it: ${INSTALL}`
		},
		{
			pattern: /no matches for kind "\w+" in version "sluice\.dev/,
			say: () => `Sluice is not installed in this cluster: its kinds are missing. Install the chart: ${INSTALL}`
		},
		{
			pattern: /is forbidden: User "([^"]*)" cannot (\w+) resource "([^"]*)"[^\n]*?(?: in the namespace "([^"]*)")?/,
			say: ([, user, verb, resource]) => `user "${user}" may not ${verb} ${resource} here. Ask for a role that allows it: ${PERMISSIONS}`
		},
		{
			pattern: /You must be logged in|Unauthorized|provide credentials/,
			say: () => "the API server does not accept your credentials. Log in again, or choose another --context"
		},
		{
			pattern: /context "([^"]*)" does not exist|no context exists with the name: "([^"]*)"|for specified context: (\S+)/,
			say: ([, one, other, third]) => `context "${one ?? other ?? third}" does not exist. "kubectl config get-contexts" lists the contexts`
		},
		{
			pattern: /stat (\S+): no such file|open (\S+): no such file/,
			say: ([, one, other]) => `${one ?? other} does not exist. Correct --kubeconfig or KUBECONFIG`
		},
		{
			pattern: /namespaces? "([^"]*)" not found/,
			say: ([, name]) => `namespace "${name}" does not exist. Correct --namespace`
		},
		{
			pattern: /connection to the server (\S+) was refused|dial tcp (\S+): |Unable to connect to the server: (.*)/,
			say: ([, one, other, why]) => `the API server cannot be reached (${one ?? other ?? why}). Start the cluster, or choose another --context`
		}
	];
	const LENGTH = 400;
	function explain$1(stderr) {
		for (const { pattern, say } of KNOWN) {
			const match = pattern.exec(stderr);
			if (match) return plain(say(match));
		}
		const text = stderr.split("\n").filter((line) => line.trim() !== "" && !/^[EWI]\d{4} /.test(line)).join(" ").replace(/^(error|Error from server[^:]*): /i, "");
		return plain(text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text) || "it said nothing";
	}
	const isNotFound = (stderr) => /\(NotFound\)/.test(stderr) && !/namespaces "/.test(stderr);
	// operator/kubectl/kubectl.ts
	const PASSED_ON = [
		"namespace",
		"context",
		"kubeconfig"
	];
	var Kubectl = class {
		#program;
		#options;
		constructor(args, program = process.env["KUBECTL"] || "kubectl") {
			this.#program = program;
			this.#options = PASSED_ON.flatMap((name) => {
				const value = one(args, name);
				return value === void 0 ? [] : [`--${name}=${value}`];
			});
		}
		async run(args, input) {
			const { code, stderr, stdout } = await this.#ran(args, input);
			if (code !== 0) throw new Failure(explain$1(stderr));
			return stdout;
		}
		async list(resources, ...more) {
			const { items } = JSON.parse(await this.run([
				"get",
				resources,
				"--output=json",
				...more
			]));
			return items;
		}
		async get(resource, name) {
			const { code, stderr, stdout } = await this.#ran([
				"get",
				"--output=json",
				"--",
				`${resource}/${name}`
			]);
			if (code === 0) return JSON.parse(stdout);
			if (isNotFound(stderr)) return null;
			throw new Failure(explain$1(stderr));
		}
		async create(object) {
			return JSON.parse(await this.run([
				"create",
				"--filename=-",
				"--output=json"
			], object));
		}
		start(args) {
			return (0, node_child_process.spawn)(this.#program, [...this.#options, ...args], { stdio: [
				"ignore",
				"pipe",
				"pipe"
			] });
		}
		async #ran(args, input) {
			const child = (0, node_child_process.spawn)(this.#program, [...this.#options, ...args], { stdio: [
				"pipe",
				"pipe",
				"pipe"
			] });
			child.stdin.on("error", () => void 0);
			child.stdin.end(input === void 0 ? "" : JSON.stringify(input));
			const ended = new Promise((resolve, reject) => {
				child.once("error", (error) => reject(new Failure(cannotStart(this.#program, error), { cause: error })));
				child.once("close", resolve);
			});
			const [code, stdout, stderr] = await Promise.all([
				ended,
				(0, node_stream_consumers.text)(child.stdout),
				(0, node_stream_consumers.text)(child.stderr)
			]);
			return {
				code,
				stdout,
				stderr
			};
		}
	};
	const cannotStart = (program, { message }) => `cannot start ${program}: ${message}. Install kubectl, or set KUBECTL to its path`;
	// operator/kubectl/media-servers.ts
	async function chooseMediaServer(kubectl, name) {
		if (name === void 0) return onlyOne(await kubectl.list("mediaservers"));
		const found = await kubectl.get("mediaserver", name);
		if (found) return found;
		throw new Failure(noSuch(name, await kubectl.list("mediaservers")));
	}
	function onlyOne(servers) {
		const [first, ...others] = servers;
		if (!first) throw new Failure("the namespace has no MediaServer. Choose another one with --namespace");
		if (others.length === 0) return first;
		throw new Failure(`the namespace has ${servers.length} MediaServers: name one of ${namesOf(servers)}`);
	}
	function noSuch(name, servers) {
		return `MediaServer "${name}" does not exist in the namespace; ${servers.length === 0 ? "it has none" : `it has ${namesOf(servers)}`}`;
	}
	const namesOf = (servers) => servers.map(({ metadata }) => metadata.name).join(", ");
	// operator/kubectl/captures.ts
	async function captures(args, terminal) {
		const [name] = args.positionals;
		const kubectl = new Kubectl(args);
		if (name !== void 0) await checkServer(kubectl, name);
		const apps = await kubectl.list("streamapps");
		const chosen = chosenOf(await kubectl.list("streamcaptures"), apps, {
			server: name,
			appKey: one(args, "app")
		});
		const format = one(args, "output");
		if ((format === void 0 || format === "wide") && chosen.length === 0) terminal.err("No captures found.\n");
		else terminal.out(capturesText(chosen, format));
		return 0;
	}
	async function checkServer(kubectl, name) {
		const servers = await kubectl.list("mediaservers");
		if (!servers.some(({ metadata }) => metadata.name === name)) throw new Failure(noSuch(name, servers));
	}
	function chosenOf(captures, apps, { appKey, server }) {
		const appOf = (capture) => apps.find(({ metadata }) => metadata.name === capture.spec.appRef.name);
		const isWanted = (app) => (server === void 0 || app?.spec.mediaServerRef.name === server) && (appKey === void 0 || app?.spec.appKey === appKey);
		return captures.flatMap((capture) => {
			const app = appOf(capture);
			return isWanted(app) ? [captureRow(capture, app?.spec.appKey ?? "")] : [];
		});
	}
	function capturesText(rows, format) {
		if (format === "json") return json(rows);
		if (format === "name") return rows.map(({ name }) => `streamcapture.sluice.dev/${plain(name)}\n`).join("");
		return capturesPage(rows, format === "wide");
	}
	// operator/kubectl/complete.ts
	const words = (...each) => ({
		words: each,
		lookUp: null,
		prefix: ""
	});
	const NOTHING = words();
	function complete(args) {
		const last = args.at(-1) ?? "";
		const before = args.slice(0, -1);
		const { command, options, positionals } = readSoFar(before);
		const awaited = valueAwaited(before.at(-1), options);
		if (awaited) return ofValues(awaited.values, "");
		const inline = /^(--[\w-]+)=/.exec(last)?.[1];
		if (inline !== void 0) return ofValues(options[inline.slice(2)]?.values, `${inline}=`);
		if (last.startsWith("-")) return words(...Object.keys(options).map((name) => `--${name}`));
		if (command === null) return words(...COMMAND_NAMES, "help");
		return ofPositional(commandOf(command), positionals);
	}
	function valueAwaited(word, options) {
		if (word === void 0 || word.includes("=")) return void 0;
		const found = Object.entries(options).find(([name, { short }]) => word === `--${name}` || word === `-${short}`)?.[1];
		return found?.value === void 0 ? void 0 : found;
	}
	function readSoFar(before) {
		let command = null;
		let options = GLOBAL;
		let positionals = 0;
		for (const [index, word] of before.entries()) {
			if (word.startsWith("-") || valueAwaited(before[index - 1], options)) continue;
			if (command !== null) positionals += 1;
			else if (isCommand(word)) {
				command = word;
				options = {
					...commandOf(word).options,
					...GLOBAL
				};
			}
		}
		return {
			command,
			options,
			positionals
		};
	}
	function ofPositional({ takes }, positionals) {
		return positionals < takes.most ? ofValues(takes.values, "") : NOTHING;
	}
	function ofValues(values, prefix) {
		if (values === void 0) return NOTHING;
		if (typeof values === "string") return {
			words: [],
			lookUp: values,
			prefix
		};
		return words(...values.map((word) => `${prefix}${word}`));
	}
	const directiveOf = ({ lookUp }) => lookUp === "files" ? 0 : 4;
	const GLOBALS = Object.entries(GLOBAL).filter(([, { value }]) => value !== void 0);
	function globalsOf(words) {
		const found = GLOBALS.flatMap(([name, { short }]) => {
			const value = words.flatMap((word, index) => valueIn(word, words[index + 1], name, short) ?? []).at(-1);
			return value === void 0 ? [] : [[name, [value]]];
		});
		return new Map(found);
	}
	function valueIn(word, next, name, short) {
		if (word.startsWith(`--${name}=`)) return word.slice(name.length + 3);
		return word === `--${name}` || short !== void 0 && word === `-${short}` ? next : void 0;
	}
	// operator/kubectl/completion-scripts.ts
	const SCRIPTS = {
		bash: `# Completion of kubectl-sluice for bash: source <(kubectl-sluice completion bash)
_kubectl_sluice() {
	mapfile -t COMPREPLY < <(kubectl-sluice __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^:')
}
complete -o default -F _kubectl_sluice kubectl-sluice
`,
		zsh: `#compdef kubectl-sluice
# Completion of kubectl-sluice for zsh: source <(kubectl-sluice completion zsh)
_kubectl_sluice() {
	local -a found
	found=(\${(f)"$(kubectl-sluice __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | grep -v '^:')"})
	compadd -a found
}
compdef _kubectl_sluice kubectl-sluice
`,
		fish: `# Completion of kubectl-sluice for fish: kubectl-sluice completion fish | source
function __kubectl_sluice
	set --local words (commandline --tokens-raw --cut-at-cursor 2>/dev/null; or commandline -opc)
	kubectl-sluice __complete $words[2..-1] (commandline --current-token) 2>/dev/null | string match --invert ':*'
end
complete --command kubectl-sluice --no-files --arguments '(__kubectl_sluice)'
`
	};
	// operator/kubectl/completion.ts
	async function completion({ positionals }, terminal) {
		const [shell] = positionals;
		terminal.out(SCRIPTS[shell]);
		return 0;
	}
	async function completeWords({ positionals }, terminal) {
		const last = positionals.at(-1) ?? "";
		const found = complete(positionals);
		const names = await lookUp(found, positionals).catch(() => []);
		const fitting = [...found.words, ...names.map((name) => `${found.prefix}${name}`)].filter((word) => word.startsWith(last));
		terminal.out([...fitting.map(plain), `:${directiveOf(found)}`].map((line) => `${line}\n`).join(""));
		return 0;
	}
	const QUICKLY = "--request-timeout=3s";
	async function lookUp({ lookUp: what }, words) {
		if (what === null || what === "files") return [];
		const kubectl = new Kubectl({ options: globalsOf(words.slice(0, -1)) });
		if (what === "contexts") return linesOf$1(await kubectl.run([
			"config",
			"get-contexts",
			"--output=name"
		]));
		if (what === "appkeys") {
			const apps = await kubectl.list("streamapps", QUICKLY);
			return [...new Set(apps.map(({ spec }) => spec.appKey))];
		}
		return linesOf$1(await kubectl.run([
			"get",
			what,
			"--output=name",
			QUICKLY
		])).map((name) => name.replace(/^.*\//, ""));
	}
	const linesOf$1 = (text) => text.split("\n").filter((line) => line !== "");
	// operator/kubectl/help.ts
	const helpOf = (command) => command === null ? overview() : helpOfCommand(command);
	function overview() {
		return `Live streams and media servers of Sluice.

Usage:
  kubectl sluice COMMAND [OPTIONS]

Commands:
${columns(COMMAND_NAMES.map((name) => [name, commandOf(name).summary]))}
Options of all commands:
${columns(Object.entries(GLOBAL).map(rowOf$1))}
"kubectl sluice COMMAND --help" prints the options of a command. KUBECTL names the kubectl that is run.
`;
	}
	function helpOfCommand(name) {
		const { notes, options, summary, usage } = commandOf(name);
		return `${summary}.

Usage:
  ${`kubectl sluice ${name} ${usage}`.trimEnd()}
${section("Options", options)}${section("Options of all commands", GLOBAL)}
${notes}
`;
	}
	const section = (title, options) => Object.keys(options).length === 0 ? "" : `\n${title}:\n${columns(Object.entries(options).map(rowOf$1))}`;
	function rowOf$1([name, { help, short, value }]) {
		return [`${short === void 0 ? "    " : `-${short}, `}--${name}${value === void 0 ? "" : ` ${value}`}`, help];
	}
	function columns(rows) {
		const width = Math.max(...rows.map(([left]) => left.length));
		return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}\n`).join("");
	}
	// operator/status/polarity.ts
	const POLARITY = {
		Ready: { bad: null },
		Available: {
			bad: "False",
			asked: ["ScaledToZero", "Deleted"],
			atFirst: ["NoReadyPods", "ScaledToZero"]
		},
		Progressing: { bad: null },
		ConfigApplied: {
			bad: "False",
			passing: ["Pending"]
		},
		FleetReady: {
			bad: "False",
			passing: ["Joining"]
		},
		Degraded: { bad: "True" },
		Accepted: { bad: "False" },
		ResolvedRefs: { bad: "False" },
		Programmed: { bad: null },
		KeepAliveActive: { bad: null },
		Complete: {
			bad: "False",
			passing: [
				"Waiting",
				"Running",
				"Failed"
			]
		},
		Failed: { bad: "True" },
		Capturing: {
			bad: "False",
			asked: [
				"Suspended",
				"TerminatedByKeepAlive",
				"TerminatedByRest",
				"TerminatedByResource",
				"LimitReached"
			],
			passing: [
				"Connecting",
				"Idle",
				"InvalidRef",
				"Conflict",
				"AddressNotAllowed",
				"CaptureDisabled",
				"InvalidSpec"
			],
			atFirst: ["NoCapturePod"]
		},
		Reachable: { bad: "False" },
		Saturated: { bad: "True" }
	};
	// operator/kubectl/findings.ts
	const PATIENCE_MS = 6e4;
	const NOTES = {
		"Progressing=True": [
			"DeploymentPending",
			"Rollout",
			"Draining"
		],
		"ConfigApplied=True": ["OldDrainTimeout"],
		"Failed=True": ["EmptyFilterRefused"],
		"Reachable=True": ["SomeFail"],
		"Capturing=False": ["Idle"],
		"KeepAliveActive=True": ["RefusalOnlyLogged"],
		"KeepAliveActive=False": [
			"AppKeyNotListed",
			"NoHook",
			"MethodNotListed",
			"PolicyDisable"
		]
	};
	function findingsOf(objects, now) {
		const all = objects.flatMap((each) => [...unobserved(each, now), ...ofConditions(each, now)]);
		return all.filter((finding, index) => !all.some((other, at) => at !== index && tells(other, finding, at < index))).map((finding) => ({
			...finding,
			others: othersOf(finding, all)
		}));
	}
	function othersOf({ kind, message, name, reason, severity }, all) {
		const names = all.filter((each) => each.kind === kind && each.severity === severity && each.reason === reason).filter((each) => each.message === message).map((each) => each.name);
		return [...new Set(names)].filter((each) => each !== name);
	}
	function tells(other, finding, isEarlier) {
		if (other.severity !== finding.severity || other.reason !== finding.reason) return false;
		if (other.message === finding.message) return isEarlier;
		return finding.message.includes(other.message);
	}
	function ofConditions({ kind, object }, now) {
		const conditions = object.status?.conditions ?? [];
		const isRefused = conditions.some(({ status, type }) => type === "Accepted" && status === "False");
		return conditions.flatMap((condition) => {
			if (isRefused && condition.type === "Capturing") return [];
			const severity = severityOf(condition, now);
			return severity === null ? [] : [findingOf(kind, object, condition, severity)];
		});
	}
	const findingOf = (kind, { metadata }, { message, reason, status, type }, severity) => ({
		severity,
		kind,
		name: metadata.name,
		others: [],
		condition: `${type}=${status}`,
		reason,
		message,
		advice: kind === "StreamCapture" ? CAPTURE_ADVICE : adviceFor(reason, message)
	});
	function severityOf(condition, now) {
		const { reason, status, type } = condition;
		if (NOTES[`${type}=${status}`]?.includes(reason)) return "note";
		if (type === "Programmed") return ofProgrammed(condition, now);
		const polarity = POLARITY[type];
		if (!polarity || polarity.bad !== status || type === "Complete") return null;
		if (polarity.asked?.includes(reason)) return "note";
		return [...polarity.passing ?? [], ...polarity.atFirst ?? []].includes(reason) && isYoung(condition, now) ? "note" : "problem";
	}
	function ofProgrammed(condition, now) {
		if (condition.status !== "False") return null;
		return condition.reason === "NoPods" || condition.reason === "Pending" && isYoung(condition, now) ? "note" : "problem";
	}
	const isYoung = ({ lastTransitionTime = "" }, now) => now - (Date.parse(lastTransitionTime) || 0) < PATIENCE_MS;
	function unobserved({ kind, object }, now) {
		const { metadata, status } = object;
		const conditions = status?.conditions ?? [];
		const isNew = now - (Date.parse(metadata.creationTimestamp ?? "") || 0) < PATIENCE_MS;
		if (conditions.length === 0) return [findingOf(kind, object, {
			type: "Ready",
			status: "Unknown",
			reason: "NotObserved",
			message: "the operator has not written a status"
		}, isNew ? "note" : "problem")];
		const seen = status.observedGeneration ?? Infinity;
		const [first] = conditions;
		if (!first || seen >= (metadata.generation ?? 0)) return [];
		const message = "the operator has not looked at the newest spec yet; the status describes the old one";
		return [findingOf(kind, object, {
			...first,
			reason: "NotObserved",
			message
		}, "note")];
	}
	// operator/kubectl/objects.ts
	const API_VERSION = "sluice.dev/v1alpha1";
	const CONTAINER = "media-server";
	const SERVER_LABEL = "app.kubernetes.io/instance";
	const PODS = "app.kubernetes.io/name=sluice-media-server";
	const isReady = ({ metadata, status }) => metadata.deletionTimestamp === void 0 && (status?.conditions?.some(({ status: value, type }) => type === "Ready" && value === "True") ?? false);
	const podOf = ({ nodeId }) => nodeId.split("@")[0] ?? "";
	// operator/kubectl/fleet-view.ts
	function statusView(objects, name, now) {
		const mediaServers = objects.mediaServers.filter(({ metadata }) => name === void 0 || metadata.name === name).map((server) => fleetView(objects, server, now));
		const otherFindings = name === void 0 ? findingsOf(strays(objects), now) : [];
		return {
			isHealthy: ![...mediaServers.flatMap(({ findings }) => findings), ...otherFindings].some(({ severity }) => severity === "problem"),
			mediaServers,
			otherFindings
		};
	}
	function fleetView(objects, server, now) {
		const { name, namespace = "" } = server.metadata;
		const isOurs = ({ spec }) => spec.mediaServerRef.name === name;
		const terminations = objects.streamTerminations.filter((each) => isOurs(each) && !isDryRun(each));
		const apps = objects.streamApps.filter(isOurs);
		const hookNames = new Set(apps.map(({ spec }) => spec.restHookRef?.name));
		const hooks = objects.restHooks.filter(({ metadata }) => hookNames.has(metadata.name));
		const appNames = new Set(apps.map(({ metadata }) => metadata.name));
		const captures = objects.streamCaptures.filter(({ spec }) => appNames.has(spec.appRef.name));
		const { status } = server;
		return {
			name,
			namespace,
			desiredReplicas: status?.desiredReplicas ?? server.spec.replicas,
			readyReplicas: status?.readyReplicas ?? 0,
			podsInSync: status?.podsInSync ?? "0/0",
			fleetReady: statusOf(server, "FleetReady"),
			publications: status?.publications ?? 0,
			playbacks: status?.playbacks ?? 0,
			endpoints: Object.values(status?.endpoints ?? {}),
			pods: objects.pods.filter(({ metadata }) => metadata.labels?.[SERVER_LABEL] === name).map(podView),
			apps: apps.map(appView),
			hooks: hooks.map(hookView),
			captures: captures.map(captureView),
			findings: findingsOf([
				{
					kind: "MediaServer",
					object: server
				},
				...apps.map((object) => ({
					kind: "StreamApp",
					object
				})),
				...hooks.map((object) => ({
					kind: "RestHook",
					object
				})),
				...terminations.map((object) => ({
					kind: "StreamTermination",
					object
				})),
				...captures.map((object) => ({
					kind: "StreamCapture",
					object
				}))
			], now)
		};
	}
	const isDryRun = ({ spec }) => spec.dryRun;
	function strays({ mediaServers, restHooks, streamApps, streamCaptures, streamTerminations }) {
		const names = new Set(mediaServers.map(({ metadata }) => metadata.name));
		const isStray = ({ spec }) => !names.has(spec.mediaServerRef.name);
		const own = new Set(streamApps.filter((app) => !isStray(app)).map(({ metadata }) => metadata.name));
		const used = new Set(streamApps.filter((app) => !isStray(app)).map(({ spec }) => spec.restHookRef?.name));
		return [
			...streamApps.filter(isStray).map((object) => ({
				kind: "StreamApp",
				object
			})),
			...restHooks.filter(({ metadata }) => !used.has(metadata.name)).map((object) => ({
				kind: "RestHook",
				object
			})),
			...streamTerminations.filter((each) => isStray(each) && !isDryRun(each)).map((object) => ({
				kind: "StreamTermination",
				object
			})),
			...streamCaptures.filter(({ spec }) => !own.has(spec.appRef.name)).map((object) => ({
				kind: "StreamCapture",
				object
			}))
		];
	}
	function podView(pod) {
		const { metadata, spec, status } = pod;
		const container = status?.containerStatuses?.find(({ name }) => name === CONTAINER);
		const isDraining = metadata.deletionTimestamp !== void 0;
		return {
			name: metadata.name,
			isReady: isReady(pod),
			state: isDraining ? "Draining" : container?.state?.waiting?.reason ?? status?.phase ?? "Pending",
			restarts: container?.restartCount ?? 0,
			node: spec?.nodeName ?? "",
			createdAt: metadata.creationTimestamp ?? ""
		};
	}
	const appView = (app) => ({
		name: app.metadata.name,
		appKey: app.spec.appKey,
		restHook: app.spec.restHookRef?.name ?? "",
		keepAlive: statusOf(app, "KeepAliveActive"),
		publications: app.status?.publications ?? 0,
		playbacks: app.status?.playbacks ?? 0,
		ready: statusOf(app, "Ready")
	});
	const hookView = (hook) => ({
		name: hook.metadata.name,
		url: hook.spec.url,
		reachable: statusOf(hook, "Reachable"),
		lastSuccessTime: hook.status?.lastSuccessTime ?? "",
		lastFailureTime: hook.status?.lastFailureTime ?? ""
	});
	const captureView = ({ metadata, spec, status }) => ({
		name: metadata.name,
		stream: spec.name,
		source: status?.source ?? "",
		state: status?.conditions?.find(({ type }) => type === "Capturing")?.reason ?? "",
		pod: status?.assignment?.pod ?? ""
	});
	const statusOf = ({ status }, type) => status?.conditions?.find((condition) => condition.type === type)?.status ?? "Unknown";
	// operator/kubectl/status-page.ts
	function statusPage({ mediaServers, otherFindings }, now) {
		const pages = mediaServers.map((view) => fleetPage(view, now));
		const others = findingLines(otherFindings);
		return [...pages, ...others === "" ? [] : [`Objects of no MediaServer\n\n${others}`]].join("\n");
	}
	function fleetPage(view, now) {
		const { apps, captures, findings, hooks, name, namespace, pods } = view;
		const tables = [
			pods.length === 0 ? "" : podTable(pods, now),
			apps.length === 0 ? "" : appTable(apps),
			hooks.length === 0 ? "" : hookTable(hooks, now),
			captures.length === 0 ? "" : captureTable(captures),
			findingLines(findings)
		];
		const facts = factsOf(view).map(([label, fact]) => `  ${label.padEnd(9)}${plain(fact)}\n`);
		return [`MediaServer ${namespace}/${name}: ${verdictOf(findings)}\n${facts.join("")}`, ...tables].filter((part) => part !== "").join("\n");
	}
	function verdictOf(findings) {
		const problems = findings.filter(({ severity }) => severity === "problem").length;
		return problems === 0 ? "nothing is wrong" : plural(problems, "problem");
	}
	function factsOf(view) {
		const { desiredReplicas, endpoints, fleetReady, playbacks, podsInSync, publications, readyReplicas } = view;
		return [
			["Fleet", `${readyReplicas} of ${plural(desiredReplicas, "pod")} ready; ${{
				True: "all pods know one another",
				False: "not one fleet, see below"
			}[fleetReady] ?? "no pod has reported yet"}`],
			["Config", `in sync on ${podsInSync.replace("/", " of ")} running pods`],
			["Streams", `${plural(publications, "publication")}, ${plural(playbacks, "playback")} (updated every 30 s)`],
			...endpoints.map((url) => ["URL", url])
		];
	}
	const podTable = (pods, now) => table([
		"POD",
		"READY",
		"STATE",
		"RESTARTS",
		"NODE",
		"AGE"
	], pods.map(({ createdAt, isReady, name, node, restarts, state }) => [
		name,
		isReady ? "yes" : "no",
		state,
		String(restarts),
		node,
		since(createdAt, now)
	]));
	const appTable = (apps) => table([
		"STREAMAPP",
		"KEY",
		"HOOK",
		"KEEP-ALIVE",
		"PUBLICATIONS",
		"PLAYBACKS",
		"READY"
	], apps.map(({ appKey, keepAlive, name, playbacks, publications, ready, restHook }) => [
		name,
		appKey,
		restHook,
		keepAlive,
		String(publications),
		String(playbacks),
		ready
	]));
	const hookTable = (hooks, now) => table([
		"RESTHOOK",
		"URL",
		"REACHABLE",
		"LAST-SUCCESS",
		"LAST-FAILURE"
	], hooks.map(({ lastFailureTime, lastSuccessTime, name, reachable, url }) => [
		name,
		url,
		reachable,
		ago(lastSuccessTime, now),
		ago(lastFailureTime, now)
	]));
	const captureTable = (captures) => table([
		"STREAMCAPTURE",
		"STREAM",
		"SOURCE",
		"STATE",
		"POD"
	], captures.map(({ name, pod, source, state, stream }) => [
		name,
		stream,
		source,
		state,
		pod
	]));
	const since = (timestamp, now) => timestamp === "" ? "" : age(now - Date.parse(timestamp));
	const ago = (timestamp, now) => timestamp === "" ? "" : `${since(timestamp, now)} ago`;
	function findingLines(findings) {
		const section = (title, severity) => {
			const lines = findings.filter((finding) => finding.severity === severity).flatMap(linesOf);
			return lines.length === 0 ? "" : `${title}:\n${lines.map((line) => `  ${plain(line)}\n`).join("")}`;
		};
		return [section("Problems", "problem"), section("Notes", "note")].filter((text) => text !== "").join("\n");
	}
	function linesOf({ advice, condition, kind, message, name, others, reason }) {
		const first = `${kind} ${name}${others.length === 0 ? "" : ` and ${others.length} more`}: ${message} (${condition}, ${reason})`;
		if (!advice) return [first];
		return [
			first,
			`  → ${advice.fix}`,
			...advice.link === null ? [] : [`    ${advice.link}`]
		];
	}
	// operator/kubectl/status.ts
	async function status(args, terminal) {
		const [name] = args.positionals;
		const objects = await readObjects(new Kubectl(args), terminal);
		const isThere = objects.mediaServers.some(({ metadata }) => metadata.name === name);
		if (name !== void 0 && !isThere) throw new Failure(noSuch(name, objects.mediaServers));
		const view = statusView(objects, name, terminal.now());
		if (one(args, "output") === "json") terminal.out(json(view));
		else terminal.out(statusPage(view, terminal.now()));
		if (view.mediaServers.length > 0) return view.isHealthy ? 0 : 1;
		throw new Failure("the namespace has no MediaServer. Choose another one with --namespace");
	}
	async function readObjects(kubectl, terminal) {
		const pods = orError(kubectl.list("pods", `--selector=${PODS}`));
		const streamCaptures = orError(kubectl.list("streamcaptures"));
		const [mediaServers, streamApps, restHooks, streamTerminations] = await Promise.all([
			kubectl.list("mediaservers"),
			kubectl.list("streamapps"),
			kubectl.list("resthooks"),
			kubectl.list("streamterminations")
		]);
		return {
			mediaServers,
			streamApps,
			restHooks,
			streamTerminations,
			streamCaptures: orNone(await streamCaptures, "captures", terminal),
			pods: orNone(await pods, "pods", terminal)
		};
	}
	const orError = (list) => list.catch((error) => error);
	function orNone(found, what, terminal) {
		if (!(found instanceof Error)) return found;
		terminal.err(`The ${what} are missing here: ${plain(found.message)}\n`);
		return [];
	}
	// operator/kubectl/filter.ts
	function readFilter(args) {
		if (has(args, "published") && has(args, "played")) throw new BadArguments("--published and --played: give only one of them; no stream is both");
		const filter = {
			...idsOf(args),
			sessionId: one(args, "session"),
			name: one(args, "name"),
			appKey: one(args, "app"),
			published: has(args, "published") ? true : has(args, "played") ? false : void 0,
			status: one(args, "status"),
			mediaProvider: one(args, "provider")
		};
		return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== void 0));
	}
	function idsOf({ options }) {
		const ids = options.get("id") ?? [];
		const [id] = ids;
		if (ids.length > 1) return { mediaSessionIds: [...ids] };
		return id === void 0 ? {} : { mediaSessionId: id };
	}
	const isEmpty = (filter) => Object.keys(filter).length === 0;
	const FILTER_NAMES = Object.keys(FILTERS).map((name) => `--${name}`).join(", ");
	function wordsOf(filter) {
		const { appKey, mediaProvider, mediaSessionId, mediaSessionIds, name, published, sessionId, status } = filter;
		return [
			mediaSessionId && `id "${mediaSessionId}"`,
			mediaSessionIds && `one of ${mediaSessionIds.length} ids`,
			sessionId && `session "${sessionId}"`,
			name && `name "${name}"`,
			appKey && `app "${appKey}"`,
			published !== void 0 && (published ? "publications" : "playbacks"),
			status && `status ${status}`,
			mediaProvider && `from ${mediaProvider}`
		].filter((word) => typeof word === "string" && word !== "").join(", ");
	}
	function matched(filter, stream) {
		const { mediaSessionIds, status: _status, ...equal } = filter;
		return (mediaSessionIds === void 0 || mediaSessionIds.includes(stream.mediaSessionId)) && Object.entries(equal).every(([key, value]) => stream[key] === value);
	}
	// crds/render/asset-text.ts
	function assetText(content) {
		return content?.toString("utf8").replace(/\r?\n$/, "") ?? "";
	}
	// operator/kubectl/credentials.ts
	const BASIC = "kubernetes.io/basic-auth";
	function authorizationOf(secret, name) {
		const data = Object.entries(secret.data ?? {});
		if (secret.type === BASIC) {
			const [username, password] = [textOf$1(secret, "username"), textOf$1(secret, "password")];
			if (username === "" || password === "") throw new Failure(`Secret "${name}" needs "username" and "password"`);
			return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
		}
		const [token] = data.map(([key]) => textOf$1(secret, key)).filter((text) => text !== "");
		if (token === void 0) throw new Failure(`Secret "${name}" has no token; each of its keys is the name of a token`);
		return `Bearer ${token}`;
	}
	const textOf$1 = ({ data = {} }, key) => assetText(Buffer.from(data[key] ?? "", "base64"));
	const secretOf = ({ spec }) => spec.rest.authRef?.name ?? null;
	// operator/kubectl/pod-choice.ts
	const MOST_TRIED = 3;
	function choosePods(pods, server) {
		const others = pods.filter((pod) => !isReady(pod) && pod.status?.phase === "Running");
		const chosen = [...pods.filter(isReady), ...others].slice(0, MOST_TRIED);
		if (chosen.length > 0) return chosen;
		throw new Failure(`no pod of MediaServer "${server}" runs, so no stream is live. "kubectl sluice status ${server}" says why`);
	}
	function portOf({ spec }, server) {
		return (spec?.containers?.find(({ name }) => name === "media-server"))?.ports?.find(({ name }) => name === "http")?.containerPort ?? server.spec.rest.http.port;
	}
	// operator/kubectl/port-forward.ts
	const START_MS = 15e3;
	async function forward(kubectl, pod, port) {
		const child = kubectl.start([
			"port-forward",
			`pod/${pod}`,
			`:${port}`
		]);
		const stop = () => {
			process.off("exit", stop);
			child.kill();
			child.stdout?.destroy();
			child.stderr?.destroy();
			child.unref();
		};
		process.once("exit", stop);
		let said = "";
		let faults = "";
		try {
			return {
				url: await new Promise((resolve, reject) => {
					const fail = (why) => reject(new Failure(`pod ${pod} cannot be reached: ${why}`));
					const late = setTimeout(() => fail("kubectl port-forward did not start in 15 s"), START_MS);
					child.stdout?.on("data", (data) => {
						said += data;
						const local = localUrl(said);
						if (local !== null) resolve(local);
					});
					child.stderr?.on("data", (data) => {
						faults += data;
					});
					child.once("error", (error) => reject(new Failure(cannotStart("kubectl", error), { cause: error })));
					child.once("close", () => fail(explain$1(faults)));
					child.once("close", () => clearTimeout(late));
				}),
				stop
			};
		} catch (error) {
			stop();
			throw error;
		}
	}
	function localUrl(said) {
		const address = /^Forwarding from (127\.0\.0\.1:\d+|\[::1\]:\d+) -> /m.exec(said)?.[1];
		return address === void 0 ? null : `http://${address}`;
	}
	// operator/kubectl/stream-lists.ts
	function readList(status, incomplete, body) {
		if (status === 200 && Array.isArray(body)) return {
			streams: body,
			missing: namesIn(incomplete ?? "")
		};
		const detail = detailOf(body);
		if (status === 404 && detail !== null) return {
			streams: [],
			missing: []
		};
		const silent = status === 503 ? /could not be asked: (.*)$/.exec(detail ?? "")?.[1] : void 0;
		if (silent !== void 0) return {
			streams: [],
			missing: namesIn(silent)
		};
		throw new Failure(refusal(status, detail));
	}
	const namesIn = (list) => list.split(",").map((name) => name.trim()).filter((name) => name !== "");
	function detailOf(body) {
		const { detail } = body ?? {};
		return typeof detail === "string" ? detail : null;
	}
	function refusal(status, detail) {
		if (status !== 401) return `the REST API answered ${status}${detail === null ? "" : `: ${detail}`}`;
		return `the REST API does not accept the credentials of the Secret in spec.rest.authRef. If the Secret has just been changed, pods read it within a minute`;
	}
	const incompleteSentence = (missing) => `not complete: could not ask ${missing.join(", ")}. Their streams are missing; see "kubectl sluice status"`;
	// operator/kubectl/rest-api.ts
	const TIMEOUT_MS = 15e3;
	const PROBE_MS = 3e3;
	var RestApi = class RestApi {
		#forward;
		#headers;
		constructor(forward, authorization) {
			this.#forward = forward;
			this.#headers = {
				"content-type": "application/json",
				...authorization === null ? {} : { authorization }
			};
		}
		static async open(kubectl, server) {
			const { name } = server.metadata;
			const authorization = await readAuthorization(kubectl, server);
			const pods = await kubectl.list("pods", `--selector=${SERVER_LABEL}=${name}`);
			let failure;
			for (const pod of choosePods(pods, name)) try {
				return await RestApi.#reach(await forward(kubectl, pod.metadata.name, portOf(pod, server)), authorization);
			} catch (error) {
				if (!(error instanceof Failure)) throw error;
				failure = error;
			}
			throw failure;
		}
		static async #reach(forward, authorization) {
			const api = new RestApi(forward, authorization);
			try {
				await api.#fetch("", { method: "HEAD" }, PROBE_MS);
				return api;
			} catch (error) {
				api.close();
				throw error;
			}
		}
		close() {
			this.#forward.stop();
		}
		find(filter) {
			return this.#list("stream/find", {
				method: "POST",
				body: JSON.stringify(filter)
			});
		}
		ended() {
			return this.#list("stream/ended", { method: "GET" });
		}
		async #list(path, init) {
			const response = await this.#fetch(path, init);
			const body = await response.json().catch(() => null);
			return readList(response.status, response.headers.get("sluice-incomplete"), body);
		}
		async #fetch(path, init, timeoutMs = TIMEOUT_MS) {
			const url = `${this.#forward.url}/rest-api/${path}`;
			try {
				return await fetch(url, {
					...init,
					headers: this.#headers,
					signal: AbortSignal.timeout(timeoutMs)
				});
			} catch (error) {
				throw new Failure(`the pod does not answer: ${reasonOf(error)}`, { cause: error });
			}
		}
	};
	function reasonOf(error) {
		const { cause, message } = error;
		return cause?.message || message;
	}
	async function readAuthorization(kubectl, server) {
		const name = secretOf(server);
		if (name === null) return null;
		const secret = await kubectl.get("secret", name);
		if (secret) return authorizationOf(secret, name);
		throw new Failure(`spec.rest.authRef of the MediaServer names Secret "${name}", which does not exist. Create it`);
	}
	// operator/kubectl/stream-rows.ts
	const COLUMNS = [
		{
			heading: "ID",
			text: ({ mediaSessionId }) => mediaSessionId,
			width: 36
		},
		{
			heading: "APP",
			text: ({ appKey }) => appKey,
			width: 10
		},
		{
			heading: "NAME",
			text: ({ name }) => name,
			width: 12
		},
		{
			heading: "KIND",
			text: ({ published }) => published ? "publication" : "playback",
			width: 11
		},
		{
			heading: "STATUS",
			text: ({ isEnded, status }) => isEnded ? "ENDED" : status,
			width: 10
		},
		{
			heading: "POD",
			text: podOf,
			width: 22
		},
		{
			heading: "AGE",
			text: ({ createDate }, now) => age(now - createDate),
			width: 6
		}
	];
	const WIDE = [
		{
			heading: "AUDIO",
			text: ({ audioCodec }) => audioCodec,
			width: 6
		},
		{
			heading: "VIDEO",
			text: ({ videoCodec }) => videoCodec,
			width: 6
		},
		{
			heading: "TRANSPORT",
			text: ({ transport }) => transport,
			width: 9
		},
		{
			heading: "SESSION",
			text: ({ sessionId }) => sessionId,
			width: 36
		},
		{
			heading: "ORIGIN",
			text: ({ origin }) => origin,
			width: 6
		}
	];
	const columnsOf = (isWide) => isWide ? [...COLUMNS, ...WIDE] : COLUMNS;
	const headings = (isWide) => columnsOf(isWide).map(({ heading }) => heading);
	const widths = (isWide) => columnsOf(isWide).map(({ width }) => width);
	const rowOf = (stream, now, isWide) => columnsOf(isWide).map(({ text }) => text(stream, now));
	const sorted = (streams) => [...streams].sort((one, other) => compare(one.appKey, other.appKey) || compare(one.name, other.name) || Number(other.published) - Number(one.published) || one.createDate - other.createDate);
	const compare = (one, other) => one < other ? -1 : one > other ? 1 : 0;
	// operator/kubectl/stream-changes.ts
	function changesOf(known, { missing, streams }) {
		const isSilent = (stream) => missing.includes(podOf(stream));
		const now = new Map(streams.map((stream) => [stream.mediaSessionId, stream]));
		const gone = [...known.values()].filter(({ mediaSessionId }) => !now.has(mediaSessionId));
		const kept = gone.filter(isSilent);
		return {
			changes: [...gone.filter((stream) => !isSilent(stream)).map((object) => ({
				type: "DELETED",
				object
			})), ...sorted(streams).flatMap((object) => changeOf(known.get(object.mediaSessionId), object) ?? [])],
			known: new Map([...kept.map((one) => [one.mediaSessionId, one]), ...now])
		};
	}
	function changeOf(before, object) {
		if (!before) return {
			type: "ADDED",
			object
		};
		return JSON.stringify(before) === JSON.stringify(object) ? null : {
			type: "MODIFIED",
			object
		};
	}
	// operator/kubectl/streams.ts
	const EVERY_MS = 2e3;
	async function streams(args, terminal) {
		const filter = readFilter(args);
		const format = one(args, "output");
		const kubectl = new Kubectl(args);
		const server = await chooseMediaServer(kubectl, args.positionals[0]);
		if (has(args, "watch")) return watch({
			kubectl,
			server,
			filter,
			format,
			terminal
		});
		const api = await RestApi.open(kubectl, server);
		const found = await api.find(filter).finally(() => api.close());
		print$1(sorted(found.streams), format, terminal);
		if (found.missing.length === 0) return 0;
		terminal.err(`${incompleteSentence(found.missing)}\n`);
		return 1;
	}
	function print$1(found, format, terminal) {
		if ((format === void 0 || format === "wide") && found.length === 0) terminal.err("No streams found.\n");
		else terminal.out(listText(found, format, terminal.now()));
	}
	function listText(found, format, now) {
		if (format === "json") return json(found);
		if (format === "name") return found.map(({ mediaSessionId }) => `${plain(mediaSessionId)}\n`).join("");
		const isWide = format === "wide";
		return table(headings(isWide), found.map((stream) => rowOf(stream, now, isWide)));
	}
	async function watch({ filter, format, kubectl, server, terminal }) {
		if (format === void 0 || format === "wide") terminal.out(`${lineOf(headings(format === "wide"), widths(format === "wide"))}\n`);
		let api = await RestApi.open(kubectl, server);
		let known = new Map();
		let complaint = "";
		for (;;) {
			const { said, seen } = await look(api, filter);
			if (said !== complaint && said !== "") terminal.err(`${said}\n`);
			complaint = said;
			if (seen) {
				const { changes, known: now } = changesOf(known, seen);
				known = now;
				terminal.out(changes.map((change) => textOf(change, format, terminal.now())).join(""));
			}
			await (0, node_timers_promises.setTimeout)(EVERY_MS);
			if (!seen) api = await reopen(api, kubectl, server);
		}
	}
	async function look(api, filter) {
		try {
			const seen = await api.find(filter);
			return {
				seen,
				said: seen.missing.length > 0 ? incompleteSentence(seen.missing) : ""
			};
		} catch (error) {
			if (error instanceof Failure) return {
				seen: null,
				said: error.message
			};
			throw error;
		}
	}
	async function reopen(api, kubectl, server) {
		try {
			const next = await RestApi.open(kubectl, server);
			api.close();
			return next;
		} catch (error) {
			if (error instanceof Failure) return api;
			throw error;
		}
	}
	function textOf(change, format, now) {
		if (format === "json") return jsonLine(change);
		if (format === "name") return change.type === "ADDED" ? `${plain(change.object.mediaSessionId)}\n` : "";
		const isWide = format === "wide";
		const row = rowOf({
			...change.object,
			isEnded: change.type === "DELETED"
		}, now, isWide);
		return `${lineOf(row, widths(isWide))}\n`;
	}
	// operator/kubectl/terminal.ts
	const terminal = {
		out: (text) => void process.stdout.write(text),
		err: (text) => void process.stderr.write(text),
		isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
		async ask(question) {
			const lines = (0, node_readline_promises.createInterface)({
				input: process.stdin,
				output: process.stderr
			});
			const closed = new Promise((resolve) => lines.once("close", () => resolve("")));
			try {
				return isYes(await Promise.race([lines.question(question), closed]));
			} finally {
				lines.close();
			}
		},
		now: () => Date.now()
	};
	const isYes = (answer) => ["y", "yes"].includes(answer.trim().toLowerCase());
	// crds/schema/duration.ts
	const DURATION = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
	function parseDurationMs(text) {
		const match = text === "" ? null : DURATION.exec(text);
		if (!match) return null;
		const [, hours = "0", minutes = "0", seconds = "0", milliseconds = "0"] = match;
		return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1e3 + Number(milliseconds);
	}
	// operator/kubectl/termination.ts
	const DRY_RUN_TTL = "1m";
	function terminationOf({ denyFor, filter, server, timeout }, dryRun) {
		return {
			apiVersion: API_VERSION,
			kind: "StreamTermination",
			metadata: { generateName: dryRun ? "kubectl-dry-run-" : "kubectl-" },
			spec: {
				mediaServerRef: { name: server },
				...filter === null ? { all: true } : { filter },
				...denyFor === void 0 ? {} : { denyFor },
				...dryRun ? {
					dryRun,
					ttlAfterFinished: DRY_RUN_TTL
				} : {},
				timeout
			}
		};
	}
	function progressOf({ status }) {
		const isTrue = (type) => (each) => each.type === type && each.status === "True";
		const failed = status?.conditions?.find(isTrue("Failed"));
		if (failed) return {
			kind: "failed",
			message: failed.message
		};
		return { kind: status?.conditions?.some(isTrue("Complete")) ? "complete" : "waits" };
	}
	function resultText(object) {
		const { dryRun } = object.spec;
		const pods = object.status?.pods ?? [];
		const isDenied = object.status?.denied !== void 0;
		const rows = pods.map(({ denied = 0, matched = 0, message = "", name, state, terminated = 0 }) => {
			const ended = [
				String(matched),
				String(terminated),
				...isDenied ? [String(denied)] : []
			];
			return [
				name,
				state,
				...dryRun ? [String(matched)] : ended,
				...pods.some((pod) => pod.message) ? [message] : []
			];
		});
		const headings = [
			"POD",
			"STATE",
			...dryRun ? ["WOULD-END"] : [
				"MATCHED",
				"ENDED",
				...isDenied ? ["DENIED"] : []
			],
			...pods.some((pod) => pod.message) ? ["MESSAGE"] : []
		];
		return `${rows.length === 0 ? "" : table(headings, rows)}${sumText(object)}`;
	}
	function sumText({ spec, status }) {
		const { denied, matched = 0, terminated = 0 } = status ?? {};
		if (spec.dryRun) return `${plural(matched, "stream")} of MediaServer "${spec.mediaServerRef.name}" would end.\n`;
		const byOthers = matched > terminated ? `; ${matched - terminated} of the ${matched} that matched ended otherwise` : "";
		const ended = `${plural(terminated, "stream")} of MediaServer "${spec.mediaServerRef.name}" ended${byOthers}.\n`;
		return denied === void 0 ? ended : `${ended}${deniedText(denied, matched)}`;
	}
	function deniedText(denied, matched) {
		if (denied >= matched) return "Their clients are denied.\n";
		const rest = `${matched - denied} of ${matched} are not: they have no token, and rest.trustedProxies lacks their proxy`;
		return `The clients of ${plural(denied, "stream")} are denied; ${rest}.\n`;
	}
	function resultJson({ metadata, spec, status }) {
		const { completionTime, denied, matched = 0, phase = "Pending", pods = [], startTime, terminated = 0 } = status ?? {};
		return {
			streamTermination: metadata.name,
			mediaServer: spec.mediaServerRef.name,
			dryRun: spec.dryRun,
			phase,
			matched,
			terminated,
			...denied === void 0 ? {} : { denied },
			...startTime === void 0 ? {} : { startTime },
			...completionTime === void 0 ? {} : { completionTime },
			pods: pods.map(({ matched: podMatched = 0, message, name, state, terminated: podTerminated = 0 }) => ({
				pod: name,
				state,
				matched: podMatched,
				terminated: podTerminated,
				...message === void 0 ? {} : { message }
			}))
		};
	}
	// operator/kubectl/terminate.ts
	const LOOK_MS = 300;
	const SLACK_MS = 1e4;
	const TELL_MS = 5e3;
	const TIMEOUT = "1m";
	const MOST_DENY_MS = 864e5;
	async function terminate(args, terminal) {
		const wanted = readOrder(args);
		const isDryRun = has(args, "dry-run");
		const isSure = has(args, "yes");
		if (!isDryRun && !isSure && !terminal.isInteractive) throw new BadArguments("this is not a terminal, so nobody can be asked: give --yes to end streams, or --dry-run");
		const kubectl = new Kubectl(args);
		const { metadata } = await chooseMediaServer(kubectl, args.positionals[0]);
		const order = {
			...wanted,
			server: metadata.name
		};
		const run = {
			kubectl,
			terminal,
			order,
			isJson: one(args, "output") === "json"
		};
		if (isSure && !isDryRun) return end(run);
		const foreseen = await carryOut(run, true);
		const matched = foreseen.status?.matched ?? 0;
		if (isDryRun) print(run, foreseen);
		else terminal.err(resultText(foreseen));
		if (matched === 0) throw new Failure(noneMatches(order));
		if (isDryRun) return 0;
		if (await terminal.ask(`End ${plural(matched, "stream")}? [y/N] `)) return end(run);
		terminal.err("No stream was ended.\n");
		return 1;
	}
	function readOrder(args) {
		const filter = readFilter(args);
		const isAll = has(args, "all");
		if (isAll && !isEmpty(filter)) throw new BadArguments("--all: ends every stream, so give no other filter");
		if (!isAll && isEmpty(filter)) throw new BadArguments(`say which streams: give at least one of ${FILTER_NAMES}, or --all to end every stream`);
		return {
			filter: isAll ? null : filter,
			denyFor: duration(args, "deny-for", MOST_DENY_MS),
			timeout: duration(args, "timeout", MOST_DENY_MS) ?? TIMEOUT
		};
	}
	function duration(args, name, mostMs) {
		const text = one(args, name);
		if (text === void 0) return void 0;
		const ms = parseDurationMs(text);
		if (ms !== null && ms >= 1e3 && ms <= mostMs) return text;
		throw new BadArguments(`--${name}: must be a duration such as 60s or 1h30m, from 1s to 24h, got "${text}"`);
	}
	const noneMatches = ({ filter, server }) => filter === null ? `MediaServer "${server}" has no live stream` : `no live stream of MediaServer "${server}" matches: ${wordsOf(filter)}`;
	async function end(run) {
		const done = await carryOut(run, false);
		print(run, done);
		if ((done.status?.matched ?? 0) === 0) throw new Failure(noneMatches(run.order));
		return 0;
	}
	function print({ isJson, terminal }, object) {
		terminal.out(isJson ? json(resultJson(object)) : resultText(object));
	}
	async function carryOut(run, dryRun) {
		const { kubectl, order, terminal } = run;
		const { metadata } = await kubectl.create(terminationOf(order, dryRun));
		const { name } = metadata;
		if (!dryRun) terminal.err(`streamtermination.sluice.dev/${name} created\n`);
		const done = await untilDone(run, name, dryRun);
		const progress = progressOf(done);
		if (progress.kind !== "failed") return done;
		if (run.isJson || done.status?.pods !== void 0) print(run, done);
		throw new Failure(`StreamTermination "${name}" failed: ${progress.message}`);
	}
	async function untilDone({ kubectl, order, terminal }, name, dryRun) {
		const waitMs = (parseDurationMs(order.timeout) ?? 0) + SLACK_MS;
		const deadline = terminal.now() + waitMs;
		const tell = setTimeout(() => terminal.err("Waiting for the operator and all pods.\n"), TELL_MS);
		try {
			while (terminal.now() < deadline) {
				const looked = await kubectl.get("streamtermination", name).then((object) => ({ object }), (error) => {
					if (terminal.now() + LOOK_MS >= deadline) throw error;
					return null;
				});
				if (looked?.object === null) throw new Failure(`StreamTermination "${name}" was deleted before it was carried out`);
				if (looked && progressOf(looked.object).kind !== "waits") return looked.object;
				await (0, node_timers_promises.setTimeout)(LOOK_MS);
			}
		} finally {
			clearTimeout(tell);
		}
		throw new Failure(notCarriedOut(name, order, dryRun));
	}
	function notCarriedOut(name, { timeout }, dryRun) {
		const fact = `StreamTermination "${name}" was not carried out in ${timeout}: check that the operator runs`;
		if (dryRun) return fact;
		return `${fact}. Pods that have not been asked by then are not asked. Run it again if streams are left`;
	}
	// operator/kubectl/cause-texts.ts
	const AGAIN = "It may start the stream again at once.";
	const CAUSES = "docs/hooks.md#why-a-stream-ended";
	const CAPTURE = {
		why: "its StreamCapture was changed, suspended or deleted, a network was taken out of spec.capture.allow, its capture pod was replaced, or nobody played it any more",
		client: "It starts the stream again by itself, unless its StreamCapture says otherwise.",
		section: "docs/captures.md#changes"
	};
	const TEXTS = {
		client: {
			why: "the client ended it itself, with DELETE",
			client: AGAIN,
			section: "docs/rest-api.md#whip-and-whep"
		},
		publisher_gone: {
			why: "the publication that it played ended",
			client: "It may play again as soon as the name is published again.",
			section: CAUSES
		},
		disconnect: {
			why: "the client closed its connection, or connection/terminate of the REST API ended its session",
			client: AGAIN,
			section: "docs/rest-api.md#other-calls"
		},
		rest: {
			why: "somebody ended it, with stream/terminate of the REST API or with a StreamTermination",
			client: "It may start the stream again at once, unless it was denied with denyFor; then it gets 403 for that time.",
			section: "docs/rest-api.md#post-rest-apistreamterminate"
		},
		keepalive: {
			why: "the backend answered 403 to StreamKeepAliveEvent",
			client: "It may start the stream again if the backend allows it.",
			section: "docs/keep-alive.md#what-an-answer-means"
		},
		keepalive_failure: {
			why: "the backend failed to answer StreamKeepAliveEvent failureThreshold times in a row",
			client: "It may start the stream again if the backend answers.",
			section: "docs/keep-alive.md#what-an-answer-means"
		},
		drain: {
			why: "its pod was stopped, and the stream was still live after drain.timeout",
			client: "It may start the stream again at once, on another pod.",
			section: "docs/kubernetes.md#4-change-the-configuration"
		},
		ice: {
			why: "the network connection to the client was lost, or was never established",
			client: "It may start the stream again. If it never connects, check that it can reach the media port.",
			section: "docs/kubernetes.md#reaching-the-media-port"
		},
		dtls: {
			why: "the encrypted connection to the client failed",
			client: "It may start the stream again. A client whose clock, certificate or DTLS version is wrong fails again.",
			section: CAUSES
		},
		rtp: {
			why: "the client sent no media for too long",
			client: AGAIN,
			section: CAUSES
		},
		worker_died: {
			why: "the mediasoup worker that carried it died; the log of the pod says how",
			client: "It may start the stream again at once; a new worker has started.",
			section: "docs/metrics.md"
		},
		limit: {
			why: "a limit of the StreamApp or of the MediaServer was reached, such as limits.duration",
			client: "It may start the stream again within the limits.",
			section: CAUSES
		},
		name_conflict: {
			why: "the name was already published",
			client: "It may publish when the other publication has ended, or under another name.",
			section: "docs/kubernetes.md#several-pods"
		},
		refused: {
			why: "the backend refused it, or the client is denied",
			client: "It may start the stream again when the backend allows it, or when the time of denyFor is over.",
			section: "docs/hooks.md#what-an-answer-to-admission-means"
		},
		unavailable: {
			why: "the backend could not be asked whether the stream is allowed",
			client: "It may try again when the backend answers.",
			section: "docs/troubleshooting.md#the-backend-does-not-answer"
		},
		negotiation: {
			why: "client and server could not agree on media",
			client: "It must send another offer.",
			section: "docs/troubleshooting.md#a-publisher-gets-422"
		}
	};
	const captureText = () => linked(CAPTURE);
	function causeText(cause, info) {
		const text = (Object.hasOwn(TEXTS, cause) ? TEXTS[cause] : void 0) ?? {
			why: `the media server says "${info}" (${cause})`,
			client: AGAIN,
			section: CAUSES
		};
		return linked(text);
	}
	const linked = (text) => ({
		...text,
		link: linkTo(text.section)
	});
	// operator/kubectl/explanations.ts
	function isAsked({ appKey, published, what }, stream) {
		const isNamed = [
			stream.mediaSessionId,
			stream.sessionId,
			stream.name
		].includes(what);
		const isOfApp = appKey === void 0 || stream.appKey === appKey;
		return isNamed && isOfApp && (published === void 0 || stream.published === published);
	}
	function explainLive(stream, knowledge) {
		return {
			kind: "live",
			stream,
			pod: podOf(stream),
			keepAlive: keepAliveOf(stream, knowledge)
		};
	}
	function explainEnded(stream, { server, terminations }) {
		const { client, link, why } = stream.cause === "client" && isCapture(stream) ? captureText() : causeText(stream.cause, stream.info);
		const by = stream.cause === "rest" ? byWhom(stream, server, terminations) : null;
		return {
			kind: "ended",
			stream,
			pod: podOf(stream),
			why,
			by,
			client,
			link
		};
	}
	const isCapture = ({ mediaProvider, published }) => published && mediaProvider !== "WebRTC";
	const BLUR_MS = 2e3;
	function byWhom(stream, server, terminations) {
		const found = terminations.filter((each) => isBy(each, stream, server)).map(({ metadata }) => metadata.name);
		if (found.length > 0) return `StreamTermination ${found.join(" or ")}`;
		const { name, namespace = "default" } = server.metadata;
		return `a caller of the REST API; the logs of the pods name it: ${`kubectl logs ${`--namespace=${namespace} --selector=app.kubernetes.io/instance=${name}`} --prefix --tail=-1`} | grep "terminate requested"`;
	}
	function isBy({ spec, status }, stream, server) {
		if (spec.dryRun || spec.mediaServerRef.name !== server.metadata.name) return false;
		const startedAt = Date.parse(status?.startTime ?? "");
		const endedAt = Date.parse(status?.completionTime ?? "") || Infinity;
		const isDuring = stream.endedAt >= startedAt - BLUR_MS && stream.endedAt <= endedAt + BLUR_MS;
		const wasThere = status?.pods?.some((pod) => pod.name === podOf(stream) && (pod.terminated ?? 0) > 0) ?? false;
		return isDuring && wasThere && matched(spec.filter ?? {}, stream);
	}
	function keepAliveOf({ appKey }, { apps, server }) {
		const app = apps.find(({ spec }) => spec.appKey === appKey && spec.mediaServerRef.name === server.metadata.name);
		const condition = app?.status?.conditions?.find(({ type }) => type === "KeepAliveActive");
		if (!app || !condition) return {
			isChecked: false,
			sentence: app ? "it is not known yet whether the backend is asked about it" : `its StreamApp (appKey "${appKey}") is gone; the stream is checked with the last known settings`,
			advice: null
		};
		const isChecked = condition.status === "True";
		const interval = app.spec.keepAlive.interval ?? server.spec.keepAlive.interval;
		const checks = `RestHook "${app.spec.restHookRef?.name ?? ""}" is asked about it every ${interval}`;
		const advice = adviceFor(condition.reason, condition.message);
		if (!isChecked) return {
			isChecked,
			sentence: `no backend is asked about it: ${condition.message}`,
			advice
		};
		if (condition.reason !== "Active") return {
			isChecked,
			sentence: `${checks}; ${condition.message}`,
			advice
		};
		return {
			isChecked,
			sentence: `${checks}; a 403 ends it`,
			advice: null
		};
	}
	// operator/kubectl/why-page.ts
	const NOT_LIVE_YET = {
		NEW: "the backend is being asked whether it is allowed",
		PENDING: "it is allowed, and the client is connecting"
	};
	const HELD = "It stays ended until somebody starts it again; \"kubectl sluice captures\" says how.";
	function whyPage(explanation, now) {
		const [first = "", ...facts] = explanation.kind === "live" ? liveLines(explanation, now) : endedLines(explanation, now);
		return `${plain(first)}\n${facts.map((line) => `  ${plain(line)}\n`).join("")}`;
	}
	const nameOf = ({ appKey, mediaSessionId, name, published }) => `${published ? "Publication" : "Playback"} "${name}" of app "${appKey}" (${mediaSessionId})`;
	function liveLines({ keepAlive, pod, stream }, now) {
		const { createDate, status } = stream;
		const { advice, sentence } = keepAlive;
		return [
			`${nameOf(stream)} is live.`,
			fact("Status", `${status}${NOT_LIVE_YET[status] === void 0 ? "" : `: ${NOT_LIVE_YET[status]}`}`),
			fact("Since", `${time(createDate)}, for ${age(now - createDate)}`),
			fact("Pod", pod),
			fact("Checked", `${sentence}.`),
			...advice === null ? [] : [fact("Advice", advice.fix)],
			fact("More", advice?.link ?? linkTo("docs/keep-alive.md#which-streams-are-checked"))
		];
	}
	function endedLines(explanation, now) {
		const { by, client, link, pod, stream, why } = explanation;
		const { cause, createDate, endedAt, info, status } = stream;
		return [
			`${nameOf(stream)} ended ${age(now - endedAt)} ago, because ${why}.`,
			fact("Cause", `${cause}: ${info} (${status})`),
			fact("Time", `${time(endedAt)}, after ${age(endedAt - createDate)}`),
			fact("Pod", pod),
			...by === null ? [] : [fact("By", by)],
			stream.held ? fact("Capture", HELD) : fact("Client", client),
			fact("More", link)
		];
	}
	const fact = (label, text) => `${`${label}:`.padEnd(9)}${text}`;
	// operator/kubectl/why.ts
	const MOST = 5;
	async function why(args, terminal) {
		const asked = readAsked(args);
		const limit = readLimit(args);
		const kubectl = new Kubectl(args);
		const server = await chooseMediaServer(kubectl, one(args, "mediaserver"));
		const { explanations, missing } = await explain(kubectl, server, asked);
		const shown = explanations.slice(0, limit);
		if (missing.length > 0) terminal.err(`${incompleteSentence(missing)}\n`);
		if (one(args, "output") === "json") terminal.out(json(shown));
		else terminal.out(shown.map((each) => whyPage(each, terminal.now())).join("\n"));
		const rest = explanations.length - shown.length;
		if (rest > 0) terminal.err(`${plural(rest, "more stream")}; --limit, --app, --published and --played choose.\n`);
		if (shown.length > 0) return 0;
		throw new Failure(`MediaServer "${server.metadata.name}" has no live stream with the id or name "${asked.what}", and none of the last 100 streams of each pod that ended has it. Pods that were replaced have forgotten theirs`);
	}
	function readAsked(args) {
		const { appKey, published } = readFilter(args);
		return {
			what: args.positionals[0] ?? "",
			appKey,
			published
		};
	}
	function readLimit(args) {
		const text = one(args, "limit") ?? String(MOST);
		if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
		throw new BadArguments(`--limit: must be a number from 1 to 99999, got "${text}"`);
	}
	const publicationsFirst = (streams) => [...streams].sort((one, other) => Number(other.published) - Number(one.published));
	async function explain(kubectl, server, asked) {
		const api = await RestApi.open(kubectl, server);
		const answers = Promise.all([api.find({}), api.ended()]).finally(() => api.close());
		const [[live, ended], apps, terminations] = await Promise.all([
			answers,
			kubectl.list("streamapps"),
			kubectl.list("streamterminations")
		]);
		const knowledge = {
			server,
			apps,
			terminations
		};
		return {
			explanations: [...publicationsFirst(sorted(live.streams.filter((stream) => isAsked(asked, stream)))).map((each) => explainLive(each, knowledge)), ...publicationsFirst(ended.streams.filter((stream) => isAsked(asked, stream))).map((each) => explainEnded(each, knowledge))],
			missing: [...new Set([...live.missing, ...ended.missing])]
		};
	}
	// operator/kubectl/main.ts
	const RUN = {
		status,
		streams,
		captures,
		terminate,
		why,
		completion,
		__complete: completeWords,
		version: async (_args, terminal) => {
			terminal.out(`kubectl-sluice ${version}\n`);
			return 0;
		}
	};
	async function main(args, terminal) {
		try {
			const parsed = readArguments(args);
			if (parsed.kind === "run") return await RUN[parsed.command](parsed, terminal);
			terminal.out(helpOf(parsed.command));
			return 0;
		} catch (error) {
			if (!(error instanceof BadArguments || error instanceof Failure)) throw error;
			terminal.err(`error: ${plain(error.message)}\n`);
			return error instanceof BadArguments ? 2 : 1;
		}
	}
	process.once("SIGINT", () => process.exit(130));
	process.once("SIGTERM", () => process.exit(143));
	process.stdout.on("error", () => process.exit(0));
	main(process.argv.slice(2), terminal).then((code) => {
		process.exitCode = code;
	});
})(process.getBuiltinModule("node:util"), process.getBuiltinModule("node:child_process"), process.getBuiltinModule("node:stream/consumers"), process.getBuiltinModule("node:timers/promises"), process.getBuiltinModule("node:readline/promises"));

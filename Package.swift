// swift-tools-version: 6.2
import PackageDescription

/// One set of compiler settings for every target; CONTRIBUTING.md explains each.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

// The core alone needs none of the packages below: it builds in a minute, also with a sanitizer or for the fuzzer
// (CONTRIBUTING.md).
let isFuzzed = Context.environment["TABLEWIRE_FUZZ"] == "1"
let isCoreAlone = isFuzzed || Context.environment["TABLEWIRE_CORE_ONLY"] == "1"

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLSEvents = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "tablewire",
    products: [
        .library(name: "TablewireClient", targets: ["TablewireClient"]),
        .library(name: "NodeRuntime", targets: ["NodeRuntime"]),
        .executable(name: "tablewire", targets: ["tablewire"]),
        .executable(name: "wiredump", targets: ["wiredump"]),
        .executable(name: "conform", targets: ["conform"]),
        .executable(name: "tablewire-bench", targets: ["tablewire-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // What the C library and the compiler can do with memory and Swift does not offer: prefetch, huge pages, memcmp.
        .systemLibrary(name: "CMemory"),
        // System calls that Swift cannot import.
        .systemLibrary(name: "CKernel"),
        .target(name: "ClusterModel", swiftSettings: settings),
        .target(name: "WireFormat", dependencies: ["ClusterModel", "CZlib"], swiftSettings: settings),
        .target(name: "ClusterStateMachine", dependencies: ["ClusterModel"], swiftSettings: settings),
        // The spec makes the disk format the wire format (DSK-001): TableStorage reads and writes WireFormat's blocks.
        .target(name: "TableStorage", dependencies: ["ClusterModel", "WireFormat", "CMemory"], swiftSettings: settings),
        // Files of captured packets, TCP put together, and recording. Knows nothing of the cluster.
        .target(name: "PacketCapture", dependencies: ["CZlib", "CKernel"], swiftSettings: settings),
        // What programs share: output, tables, one-line errors; and the entry that turns errors into exit codes.
        .target(name: "ProgramTerminal", swiftSettings: settings),
        // What captured bytes mean, by the tables of the spec: frames, fields, violations, statistics, views.
        .target(
            name: "TrafficDecoder", dependencies: ["ClusterModel", "WireFormat", "PacketCapture", "ProgramTerminal"], swiftSettings: settings),
        .target(name: "ProgramEntry", dependencies: ["ProgramTerminal", arguments], swiftSettings: settings),
        .target(name: "LinkTransport", dependencies: ["ClusterModel", "WireFormat", nioCore, nioTLS, nioTLSEvents, crypto], swiftSettings: settings),
        .target(
            name: "TablewireClient", dependencies: ["ClusterModel", "WireFormat", "LinkTransport", nioCore, nioPosix],
            swiftSettings: settings),
        .target(
            name: "NodeRuntime",
            dependencies: [
                "ClusterModel", "WireFormat", "ClusterStateMachine", "TableStorage", "LinkTransport", "PacketCapture", nioCore,
                nioPosix, nioHTTP, crypto, logging, lifecycle,
            ], swiftSettings: settings),
        .executableTarget(
            name: "tablewire",
            dependencies: [
                "ClusterModel", "NodeRuntime", "TablewireClient", "LinkTransport", "ProgramTerminal", "ProgramEntry", arguments,
                logging, lifecycle, yams,
            ],
            exclude: ["Resources/README.md"], resources: [.copy("Resources/timezones.jsonl")],
            swiftSettings: settings),
        .executableTarget(
            name: "wiredump",
            dependencies: ["TrafficDecoder", "PacketCapture", "ProgramTerminal", "ProgramEntry", arguments],
            swiftSettings: settings),
        // Cases that judge a node over its links, their runner and reports.
        .target(
            name: "ConformanceSuite",
            dependencies: [
                "ClusterModel", "WireFormat", "LinkTransport", "PacketCapture", "TrafficDecoder", nioCore, nioPosix, crypto,
            ], swiftSettings: settings),
        .executableTarget(
            name: "conform",
            dependencies: [
                "ClusterModel", "ConformanceSuite", "LinkTransport", "PacketCapture", "ProgramTerminal", "ProgramEntry", arguments,
                nioCore, nioPosix,
            ], swiftSettings: settings),
        .executableTarget(
            name: "tablewire-bench",
            dependencies: [
                "ClusterModel", "WireFormat", "TableStorage", "LinkTransport", "TablewireClient", "NodeRuntime", "CZlib",
                "CKernel", "ProgramTerminal", "ProgramEntry", arguments, logging, nioCore, nioPosix, histogram,
            ], exclude: ["RESULTS.md"], resources: [.copy("Resources/tablewire_link.erl")],
            swiftSettings: settings),
        .testTarget(name: "ClusterModelTests", dependencies: ["ClusterModel"], swiftSettings: settings),
        .testTarget(name: "WireFormatTests", dependencies: ["WireFormat", "ClusterModel"], swiftSettings: settings),
        .testTarget(
            name: "ClusterStateMachineTests", dependencies: ["ClusterStateMachine", "ClusterModel"], swiftSettings: settings),
        .testTarget(
            name: "TableStorageTests", dependencies: ["TableStorage", "WireFormat", "ClusterModel"], swiftSettings: settings),
        .testTarget(
            name: "PacketCaptureTests", dependencies: ["PacketCapture", "CZlib", "CKernel"], exclude: ["Corpus", "Fixtures"],
            swiftSettings: settings),
        .testTarget(
            name: "TrafficDecoderTests", dependencies: ["TrafficDecoder", "PacketCapture", "WireFormat", "ClusterModel"],
            swiftSettings: settings),
        .testTarget(
            name: "NodeRuntimeTests",
            dependencies: [
                "NodeRuntime", "ClusterStateMachine", "TableStorage", "ClusterModel", "LinkTransport", "WireFormat", "PacketCapture",
                "ConformanceSuite", nioPosix, logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TablewireClientTests", dependencies: ["TablewireClient", "ClusterModel", "LinkTransport", nioCore, nioPosix],
            swiftSettings: settings),
        .testTarget(
            name: "TablewireProgramTests", dependencies: ["tablewire", "ProgramTerminal", "ClusterModel", "LinkTransport", "NodeRuntime", logging],
            swiftSettings: settings),
        .testTarget(
            name: "TablewireBenchTests",
            // The program "tablewire" is only there so that it is built first: measurements start it.
            dependencies: ["tablewire-bench", "tablewire", "ClusterModel", "WireFormat", arguments], swiftSettings: settings),
        .testTarget(
            name: "ConformanceSuiteTests", dependencies: ["ConformanceSuite", "LinkTransport", nioPosix], swiftSettings: settings),
        .testTarget(name: "ArchitectureTests", swiftSettings: settings),
        .testTarget(
            name: "SpecTests",
            // The program "wiredump" is only there so that it is built first: what it prints is compared with what tshark does.
            dependencies: ["ClusterModel", "WireFormat", "PacketCapture", "TrafficDecoder"] + (isCoreAlone ? [] : ["wiredump"]),
            exclude: ["Dissector/tablewire.template.lua"], swiftSettings: settings),
        // Starts the built program: the dependency on it is only there so that it is built first.
        .testTarget(
            name: "ProcessTests",
            dependencies: [
                "tablewire", "ClusterModel", "WireFormat", "LinkTransport", "TablewireClient", "PacketCapture", nioCore, nioPosix,
            ],
            swiftSettings: settings),
        // The same with the program that shows captures; nothing else is in it.
        .testTarget(name: "WiredumpTests", dependencies: ["wiredump"], exclude: ["Golden"], swiftSettings: settings),
    ]
)

if isCoreAlone {
    let core = ["ClusterModel", "WireFormat", "ClusterStateMachine", "TableStorage", "PacketCapture", "TrafficDecoder"]
    let kept = Set(core + core.map { "\($0)Tests" } + ["CZlib", "CMemory", "CKernel", "ProgramTerminal", "ArchitectureTests", "SpecTests"])
    package.targets.removeAll { !kept.contains($0.name) }
    package.products = []
    package.dependencies = []
}
if isFuzzed {
    package.targets.removeAll { $0.type == .test }
    package.targets.append(
        .executableTarget(
            name: "CoreFuzzer", dependencies: ["ClusterModel", "WireFormat", "TableStorage", "PacketCapture", "TrafficDecoder"],
            swiftSettings: settings, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]))
    for target in package.targets where target.type != .system {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=fuzzer,address"])]
    }
}

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

let package = Package(
    name: "tablewire",
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "ClusterModel", swiftSettings: settings),
        .target(name: "WireFormat", dependencies: ["ClusterModel", "CZlib"], swiftSettings: settings),
        .target(name: "ClusterStateMachine", dependencies: ["ClusterModel"], swiftSettings: settings),
        // The spec makes the disk format the wire format (DSK-001): TableStorage reads and writes WireFormat's blocks.
        .target(name: "TableStorage", dependencies: ["ClusterModel", "WireFormat"], swiftSettings: settings),
        .testTarget(name: "ClusterModelTests", dependencies: ["ClusterModel"], swiftSettings: settings),
        .testTarget(name: "WireFormatTests", dependencies: ["WireFormat", "ClusterModel"], swiftSettings: settings),
        .testTarget(
            name: "ClusterStateMachineTests", dependencies: ["ClusterStateMachine", "ClusterModel"], swiftSettings: settings),
        .testTarget(
            name: "TableStorageTests", dependencies: ["TableStorage", "WireFormat", "ClusterModel"], swiftSettings: settings),
        .testTarget(name: "ArchitectureTests", swiftSettings: settings),
        .testTarget(name: "SpecTests", dependencies: ["ClusterModel", "WireFormat"], swiftSettings: settings),
    ]
)

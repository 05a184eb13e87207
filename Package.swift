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
        .target(name: "ClusterStateMachine", dependencies: ["ClusterModel"], swiftSettings: settings),
        .testTarget(
            name: "ClusterStateMachineTests", dependencies: ["ClusterStateMachine", "ClusterModel"], swiftSettings: settings),
    ]
)

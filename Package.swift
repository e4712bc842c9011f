// swift-tools-version: 6.2
import PackageDescription

/// Settings that every Swift target shares.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

/// Settings of executables of this package: symbols are bound before `main`, so that forked
/// children inherit resolved addresses instead of each resolving them again.
let bindNow: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
  name: "process-tree",
  products: [
    .library(name: "ProcessTree", targets: ["ProcessTree", "Pools", "Pipelines"]),
    .library(name: "ProcessTreeTesting", targets: ["ProcessTreeTesting"]),
    .executable(name: "ptree", targets: ["ptree"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    // C: the libraries below everything.
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .target(name: "CLinux"),
    .target(name: "CProcessShims"),

    // Arithmetic on what a user or another process said; every layer may use it.
    .target(name: "Arithmetic", swiftSettings: settings),

    // Layers that do not know each other.
    .target(name: "ZeroMQ", dependencies: ["CZeroMQ", "Arithmetic"], swiftSettings: settings),
    .target(name: "MessagePack", swiftSettings: settings),
    .target(name: "ProcessControl", dependencies: ["CProcessShims"], swiftSettings: settings),
    .target(name: "Wire", dependencies: ["MessagePack"], swiftSettings: settings),
    .target(
      name: "Supervision", dependencies: ["Wire", "Arithmetic"], swiftSettings: settings),
    .target(
      name: "Links",
      dependencies: [
        "ZeroMQ", "Wire", "MessagePack", "CLinux", "Arithmetic",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
      ], swiftSettings: settings),

    // What people use.
    .target(
      name: "ProcessTree",
      dependencies: [
        "Links", "Supervision", "ProcessControl", "Wire", "MessagePack", "Arithmetic", logging,
        .product(name: "DequeModule", package: "swift-collections"),
      ], swiftSettings: settings),
    .target(name: "ProcessTreeTesting", dependencies: ["ProcessTree"], swiftSettings: settings),

    // Features on top, written against what everybody can use.
    .target(name: "Stages", swiftSettings: settings),
    .target(
      name: "Pools", dependencies: ["ProcessTree", "Stages", "Arithmetic"],
      swiftSettings: settings),
    .target(
      name: "Pipelines", dependencies: ["ProcessTree", "Stages", "Arithmetic"],
      swiftSettings: settings),

    // The tool and its examples.
    .target(
      name: "ExampleTopologies", dependencies: ["ProcessTree", "Pools", "Pipelines"],
      path: "Examples", swiftSettings: settings),
    .target(
      name: "PtreeCommands",
      dependencies: [
        "ProcessTree", "ExampleTopologies", "Arithmetic",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: settings),
    .executableTarget(
      name: "ptree", dependencies: ["PtreeCommands", "ProcessTree"], swiftSettings: settings,
      linkerSettings: bindNow),

    // Tests, lowest layer first.
    .target(
      name: "TestSettings", path: "Tests/Support/TestSettings", swiftSettings: settings),
    .target(
      name: "RandomTesting", dependencies: ["MessagePack", "TestSettings"],
      path: "Tests/Support/RandomTesting", swiftSettings: settings),
    .testTarget(
      name: "MessagePackTests", dependencies: ["MessagePack", "RandomTesting", "TestSettings"],
      swiftSettings: settings),
    .testTarget(name: "ArithmeticTests", dependencies: ["Arithmetic"], swiftSettings: settings),
    .testTarget(
      name: "ZeroMQTests", dependencies: ["ZeroMQ", "RandomTesting", "TestSettings"],
      swiftSettings: settings),
    .executableTarget(
      name: "process-control-fixture", dependencies: ["ProcessControl", "TestSettings"],
      path: "Tests/Fixtures/process-control-fixture", swiftSettings: settings),
    .testTarget(
      name: "ProcessControlTests",
      dependencies: ["ProcessControl", "ScenarioRuns", "TestSettings", "process-control-fixture"],
      swiftSettings: settings),
    .executableTarget(
      name: "tree-fixture",
      dependencies: [
        "ProcessTree", "ProcessTreeTesting", "RandomTesting", "Scenarios", "TestSettings",
      ],
      path: "Tests/Fixtures/tree-fixture", swiftSettings: settings, linkerSettings: bindNow),
    // What fixtures that hold scenarios share, and what tests that run them share.
    .target(
      name: "Scenarios", dependencies: ["ProcessTree", "ProcessTreeTesting", "TestSettings"],
      path: "Tests/Support/Scenarios", swiftSettings: settings),
    .target(
      name: "ScenarioRuns", dependencies: ["TestSettings"], path: "Tests/Support/ScenarioRuns",
      swiftSettings: settings),
    .executableTarget(
      name: "channel-fixture",
      dependencies: [
        "ProcessTree", "ProcessTreeTesting", "RandomTesting", "Scenarios", "TestSettings",
      ],
      path: "Tests/Fixtures/channel-fixture", swiftSettings: settings, linkerSettings: bindNow),
    .executableTarget(
      name: "pool-fixture",
      dependencies: ["Pools", "ProcessTreeTesting", "RandomTesting", "Scenarios", "TestSettings"],
      path: "Tests/Fixtures/pool-fixture", swiftSettings: settings, linkerSettings: bindNow),
    .testTarget(
      name: "PoolsTests",
      dependencies: [
        "Pools", "MessagePack", "RandomTesting", "ScenarioRuns", "TestSettings", "pool-fixture",
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "pipeline-fixture",
      dependencies: [
        "Pipelines", "ProcessTreeTesting", "RandomTesting", "Scenarios", "TestSettings",
      ],
      path: "Tests/Fixtures/pipeline-fixture", swiftSettings: settings, linkerSettings: bindNow),
    .testTarget(
      name: "PipelinesTests",
      dependencies: [
        "Pipelines", "ProcessTree", "MessagePack", "RandomTesting", "ScenarioRuns", "TestSettings",
        "pipeline-fixture",
      ],
      swiftSettings: settings),
    // The README's program, as it stands there.
    .executableTarget(
      name: "readme-example", dependencies: ["ProcessTree"], path: "Tests/Fixtures/readme-example"),
    // The code of the documents, as it stands there.
    .executableTarget(
      name: "docs-examples",
      dependencies: [
        "ProcessTree", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Fixtures/docs-examples", swiftSettings: settings),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "ptree", "PtreeCommands", "ProcessTree", "Links", "ProcessControl", "Supervision", "Wire",
        "RandomTesting", "ScenarioRuns", "TestSettings",
      ], swiftSettings: settings),
    .testTarget(
      name: "WireTests", dependencies: ["Wire", "MessagePack", "RandomTesting"],
      swiftSettings: settings),
    .testTarget(
      name: "SupervisionTests", dependencies: ["Supervision", "RandomTesting"],
      swiftSettings: settings),
    .testTarget(
      name: "LinksTests",
      dependencies: ["Links", "Wire", "ZeroMQ", "RandomTesting", "TestSettings"],
      swiftSettings: settings),
    .testTarget(
      name: "ProcessTreeUnitTests",
      dependencies: [
        "ProcessTree", "Links", "Supervision", "ProcessControl", "Wire", "MessagePack",
        "Arithmetic", "RandomTesting", "TestSettings",
      ],
      swiftSettings: settings),
    // Code of a user whose module is isolated to the main actor: that it compiles is the test.
    .target(
      name: "DefaultIsolation", dependencies: ["ProcessTree"], path: "Tests/DefaultIsolation",
      swiftSettings: settings + [.defaultIsolation(MainActor.self)]),
    .testTarget(
      name: "ProcessTreeTests",
      dependencies: [
        "ScenarioRuns", "TestSettings", "tree-fixture", "channel-fixture", "readme-example",
        "docs-examples",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ProcessTreeTestingTests",
      dependencies: ["ProcessTreeTesting", "Pools", "Pipelines", "RandomTesting", "TestSettings"],
      swiftSettings: settings),
    .testTarget(name: "ArchitectureTests", swiftSettings: settings),
  ]
)

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

/// The optimised tool has Swift's runtime inside, at a fixed address.
///
/// A short command takes half of the time, and a node has fewer mappings to copy. A bundle of tests
/// contains the tool and its settings, and Swift's testing library exists as a shared one only.
let staticImage: [LinkerSetting] =
  Context.environment["PROCESS_TREE_OPTIMIZED_TESTS"] != nil
  ? []
  : [
    .unsafeFlags(
      [
        "-static-stdlib", "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCShims",
        "-l_FoundationCollections", "-lstdc++", "-Xclang-linker", "-no-pie",
      ], .when(configuration: .release))
  ]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let deques = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heaps = Target.Dependency.product(name: "HeapModule", package: "swift-collections")

/// The module of a folder that users do not import: a name that no other package gives to a module.
func module(_ folder: String) -> String { "ProcessTree" + folder }

func modules(_ folders: String...) -> [Target.Dependency] {
  folders.map { .byName(name: module($0)) }
}

extension Target {
  /// A module inside the library, and the folders of those that it is written against.
  static func layer(
    _ folder: String, on folders: [String] = [], products: [Dependency] = []
  ) -> Target {
    .target(
      name: module(folder), dependencies: folders.map { .byName(name: module($0)) } + products,
      path: "Sources/\(folder)", swiftSettings: settings)
  }
}

let package = Package(
  name: "process-tree",
  products: [
    .library(name: "ProcessTree", targets: ["ProcessTree"]),
    .library(name: "Pools", targets: ["Pools"]),
    .library(name: "Pipelines", targets: ["Pipelines"]),
    .library(name: "ProcessTreeTesting", targets: ["ProcessTreeTesting"]),
    .library(name: "PtreeCommands", targets: ["PtreeCommands"]),
    .executable(name: "ptree", targets: ["ptree"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    // For the tool alone: the library reads no files.
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: what is below everything.
    // Without libzmq itself, which a process loads when it needs it; an app may have it inside.
    .target(
      name: module("CZeroMQ"), path: "Sources/CZeroMQ", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: module("CLinux"), path: "Sources/CLinux"),
    .target(name: module("CProcessShims"), path: "Sources/CProcessShims"),

    // What every layer may use.
    .layer("Base"),

    // Layers that do not know each other.
    .layer("ZeroMQ", on: ["CZeroMQ", "Base"]),
    .layer("MessagePack"),
    .layer("ProcessControl", on: ["CProcessShims", "Base"]),
    .layer("Wire", on: ["MessagePack", "Base"]),
    .layer("Supervision", on: ["Base"]),
    .layer(
      "Links", on: ["ZeroMQ", "Wire", "MessagePack", "CLinux", "Base"],
      products: [deques, heaps]),

    // What people use.
    .target(
      name: "ProcessTree",
      dependencies: modules(
        "Links", "Supervision", "ProcessControl", "Wire", "MessagePack", "Base")
        + [logging, deques], swiftSettings: settings),
    .target(
      name: "ProcessTreeTesting", dependencies: ["ProcessTree"] + modules("Base"),
      swiftSettings: settings),

    // Features on top, written against what everybody can use.
    .layer("Stages", on: ["Base"], products: ["ProcessTree"]),
    .target(
      name: "Pools",
      dependencies: ["ProcessTree"] + modules("Stages", "Supervision", "Base") + [deques],
      swiftSettings: settings),
    .target(
      name: "Pipelines", dependencies: ["ProcessTree"] + modules("Stages", "Supervision", "Base"),
      swiftSettings: settings),

    // Trees that are written down in files; for the tool.
    .layer("TopologyFormat", on: ["Base"], products: [.product(name: "Yams", package: "Yams")]),
    .layer("Topologies", on: ["TopologyFormat", "Base"], products: ["ProcessTree", "Pipelines"]),

    // The tool and its examples.
    .target(
      name: "ProcessTreeExamples", dependencies: ["ProcessTree", "Pools", "Pipelines"],
      path: "Examples", exclude: ["Topologies", "Crawl"], swiftSettings: settings),
    // An app whose programs topology files name, as a user writes one.
    .executableTarget(
      name: "crawl", dependencies: ["PtreeCommands"], path: "Examples/Crawl",
      linkerSettings: bindNow),
    .target(
      name: "PtreeCommands",
      dependencies: [
        "ProcessTree", "ProcessTreeExamples", "ProcessTreeTesting", "ProcessTreeProcessControl",
        "ProcessTreeBase", "ProcessTreeTopologyFormat", "ProcessTreeTopologies",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: settings),
    .executableTarget(
      name: "ptree", dependencies: ["PtreeCommands"], swiftSettings: settings,
      linkerSettings: bindNow + staticImage),

    // Tests, lowest layer first.
    .target(
      name: "ProcessTreeTestSettings", path: "Tests/Support/TestSettings", swiftSettings: settings),
    .target(
      name: "ProcessTreeRandomTesting",
      dependencies: ["ProcessTreeMessagePack", "ProcessTreeTestSettings"],
      path: "Tests/Support/RandomTesting", swiftSettings: settings),
    .testTarget(
      name: "MessagePackTests",
      dependencies: [
        "ProcessTreeMessagePack", "ProcessTreeRandomTesting", "ProcessTreeTestSettings",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BaseTests", dependencies: ["ProcessTreeBase", "ProcessTreeRandomTesting"],
      swiftSettings: settings),
    .testTarget(
      name: "ZeroMQTests",
      dependencies: [
        "ProcessTreeBase", "ProcessTreeZeroMQ", "ProcessTreeCZeroMQ", "ProcessTreeRandomTesting",
        "ProcessTreeTestSettings",
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "process-control-fixture",
      dependencies: ["ProcessTreeBase", "ProcessTreeProcessControl", "ProcessTreeTestSettings"],
      path: "Tests/Fixtures/process-control-fixture", swiftSettings: settings),
    .testTarget(
      name: "ProcessControlTests",
      dependencies: [
        "ProcessTreeBase", "ProcessTreeProcessControl", "ProcessTreeRandomTesting",
        "ProcessTreeScenarioRuns", "ProcessTreeTestSettings", "process-control-fixture",
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "tree-fixture",
      dependencies: [
        "ProcessTree", "ProcessTreeTesting", "ProcessTreeRandomTesting", "ProcessTreeScenarios",
        "ProcessTreeTestSettings",
      ],
      path: "Tests/Fixtures/tree-fixture", swiftSettings: settings, linkerSettings: bindNow),
    // What fixtures that hold scenarios share, and what tests that run them share.
    .target(
      name: "ProcessTreeScenarios",
      dependencies: ["ProcessTree", "ProcessTreeTesting", "ProcessTreeTestSettings"],
      path: "Tests/Support/Scenarios", swiftSettings: settings),
    .target(
      name: "ProcessTreeScenarioRuns", dependencies: ["ProcessTreeTestSettings"],
      path: "Tests/Support/ScenarioRuns",
      swiftSettings: settings),
    .executableTarget(
      name: "channel-fixture",
      dependencies: [
        "ProcessTree", "ProcessTreeTesting", "ProcessTreeRandomTesting", "ProcessTreeScenarios",
        "ProcessTreeTestSettings",
      ],
      path: "Tests/Fixtures/channel-fixture", swiftSettings: settings, linkerSettings: bindNow),
    .executableTarget(
      name: "supervisor-fixture",
      dependencies: [
        "ProcessTree", "ProcessTreeTesting", "ProcessTreeScenarios", "ProcessTreeTestSettings",
      ],
      path: "Tests/Fixtures/supervisor-fixture", swiftSettings: settings, linkerSettings: bindNow),
    .executableTarget(
      name: "host-fixture",
      dependencies: [
        "Pools", "Pipelines", "ProcessTreeTesting", "ProcessTreeRandomTesting",
        "ProcessTreeScenarios", "ProcessTreeTestSettings",
      ],
      path: "Tests/Fixtures/host-fixture", swiftSettings: settings, linkerSettings: bindNow),
    .executableTarget(
      name: "pool-fixture",
      dependencies: [
        "Pools", "ProcessTreeTesting", "ProcessTreeRandomTesting", "ProcessTreeScenarios",
        "ProcessTreeTestSettings",
      ],
      path: "Tests/Fixtures/pool-fixture", swiftSettings: settings, linkerSettings: bindNow),
    .testTarget(
      name: "PoolsTests",
      dependencies: [
        "Pools", "ProcessTreeMessagePack", "ProcessTreeRandomTesting", "ProcessTreeScenarioRuns",
        "ProcessTreeStages", "ProcessTreeTestSettings", "pool-fixture",
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "pipeline-fixture",
      dependencies: [
        "Pipelines", "ProcessTreeTesting", "ProcessTreeRandomTesting", "ProcessTreeScenarios",
        "ProcessTreeTestSettings",
      ],
      path: "Tests/Fixtures/pipeline-fixture", swiftSettings: settings, linkerSettings: bindNow),
    .testTarget(
      name: "PipelinesTests",
      dependencies: [
        "Pipelines", "ProcessTree", "ProcessTreeBase", "ProcessTreeMessagePack",
        "ProcessTreeRandomTesting", "ProcessTreeScenarioRuns", "ProcessTreeStages",
        "ProcessTreeSupervision", "ProcessTreeTestSettings", "pipeline-fixture",
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
    // A mistake of a user, whose message is tested.
    .executableTarget(
      name: "late-takeover", dependencies: ["ProcessTree"], path: "Tests/Fixtures/late-takeover",
      swiftSettings: settings),
    .executableTarget(
      name: "app-fixture", dependencies: ["PtreeCommands"], path: "Tests/Fixtures/app-fixture",
      linkerSettings: bindNow),
    .executableTarget(
      name: "embedded-fixture", dependencies: ["PtreeCommands"],
      path: "Tests/Fixtures/embedded-fixture", linkerSettings: bindNow),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "ptree", "crawl", "app-fixture", "embedded-fixture", "PtreeCommands", "ProcessTree",
        "ProcessTreeExamples", "ProcessTreeLinks",
        "ProcessTreeProcessControl", "ProcessTreeStages",
        "ProcessTreeSupervision", "ProcessTreeWire",
        "ProcessTreeRandomTesting", "ProcessTreeScenarioRuns", "ProcessTreeTestSettings",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: settings),
    .testTarget(
      name: "TopologyFormatTests",
      dependencies: [
        "ProcessTreeTopologyFormat", "ProcessTreeBase", "ProcessTreeRandomTesting",
        "ProcessTreeTestSettings",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "TopologiesTests",
      dependencies: [
        "ProcessTreeTopologies", "ProcessTreeTopologyFormat", "ProcessTree", "Pipelines",
        "ProcessTreeRandomTesting",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "WireTests",
      dependencies: [
        "ProcessTreeWire", "ProcessTreeMessagePack", "ProcessTreeBase", "ProcessTreeRandomTesting",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SupervisionTests",
      dependencies: ["ProcessTreeSupervision", "ProcessTreeRandomTesting"],
      swiftSettings: settings),
    .testTarget(
      name: "LinksTests",
      dependencies: [
        "ProcessTreeLinks", "ProcessTreeCLinux", "ProcessTreeBase", "ProcessTreeWire",
        "ProcessTreeMessagePack", "ProcessTreeZeroMQ", "ProcessTreeRandomTesting",
        "ProcessTreeTestSettings",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ProcessTreeUnitTests",
      dependencies: [
        "ProcessTree", "ProcessTreeLinks", "ProcessTreeSupervision", "ProcessTreeProcessControl",
        "ProcessTreeWire", "ProcessTreeMessagePack",
        "ProcessTreeBase", "ProcessTreeRandomTesting", "ProcessTreeTestSettings",
      ],
      swiftSettings: settings),
    // Code of a user whose module is isolated to the main actor: that it compiles is the test.
    .target(
      name: "ProcessTreeDefaultIsolation", dependencies: ["ProcessTree"],
      path: "Tests/DefaultIsolation",
      swiftSettings: settings + [.defaultIsolation(MainActor.self)]),
    .testTarget(
      name: "ProcessTreeTests",
      dependencies: [
        "ProcessTreeBase",
        "ProcessTreeScenarioRuns", "ProcessTreeTestSettings", "tree-fixture", "channel-fixture",
        "supervisor-fixture", "host-fixture", "readme-example",
        "docs-examples", "late-takeover",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ProcessTreeTestingTests",
      dependencies: [
        "ProcessTreeTesting", "Pools", "Pipelines", "ProcessTreeRandomTesting",
        "ProcessTreeTestSettings",
      ],
      swiftSettings: settings),
    .testTarget(name: "ArchitectureTests", swiftSettings: settings),
  ]
)

// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the library depends on nothing that only its benchmarks need.
let package = Package(
  name: "process-tree-benchmarks",
  dependencies: [.package(name: "process-tree", path: "..")],
  targets: [
    .executableTarget(
      name: "tree-bench",
      dependencies: ["ProcessTree", "Pools", "Pipelines"].map {
        .product(name: $0, package: "process-tree")
      },
      swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")],
      linkerSettings: [
        .unsafeFlags([
          "-Xclang-linker", "--config=\(Context.packageDirectory)/link.cfg",
          "-Xlinker", "-z", "-Xlinker", "now",
        ])
      ])
  ]
)

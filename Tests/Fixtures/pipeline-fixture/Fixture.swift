import Pipelines

@main
struct Fixture: ProcessTreeApp {
  func run(in root: Node) async throws {}
}

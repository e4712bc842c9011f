internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// The program of a node that is a pipeline of a file.
struct PipelineProgram: NodeProgram {
  let node: NodePlan
  let plan: PipelinePlan
  let context: RunContext

  func run(in node: Node) async throws {
    throw SystemRefusal(description: "pipelines in files are not run by this version")
  }
}

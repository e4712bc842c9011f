public import ProcessTree
package import ProcessTreeTopologyFormat

/// A topology file that has been read and checked, for an app with a command line of its own.
///
/// ```swift
/// let topology = try Topology(
///   contentsOf: "crawl.yaml", catalog: catalog, variables: ["depth": "3"])
/// try await root.run(topology)
/// ```
///
/// The app lists the programs of the catalog among its own:
/// `static var programs: … { catalog.programs }`.
public struct Topology: Sendable {
  let plan: TopologyPlan

  /// The name of the run: the file's `name`, or that of the file.
  public var name: String { plan.name }

  /// Reads and checks a file; nothing is started.
  ///
  /// Unlike `ptree run` it reads files that others may write to, as any input of a program.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - catalog: The programs and stages that it may name.
  ///   - variables: Values for the variables of the file.
  /// - Throws: ``TopologyError`` for a file that is not right, with all that is wrong in it.
  public init(
    contentsOf path: String, catalog: Catalog = Catalog(), variables: [String: String] = [:]
  ) throws {
    var options = CheckOptions()
    options.variables = variables.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    options.environment = CheckOptions.environmentOfProcess
    options.catalog = catalog
    options.isForRun = true
    let checked = TopologyReader.check(path, options)
    guard let plan = checked.topology else {
      throw TopologyError(DiagnosticText(checked.files).text(of: checked.diagnostics))
    }
    self.plan = plan
  }
}

/// A topology file that cannot be used, so nothing has been started.
public struct TopologyError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The mistakes, each with its place and its line; secrets are not shown.
  public let message: String

  /// Makes an error, for tests of code that handles one.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
}

/// A run of a topology that failed.
public struct TopologyFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The exit code that `ptree run` would have.
  public let exitCode: Int32
  /// Which node failed, and how.
  public let message: String

  /// Makes a failure, for tests of code that handles one.
  public init(_ message: String, exitCode: Int32) {
    self.message = message
    self.exitCode = exitCode
  }

  /// The message.
  public var description: String { message }
}

extension Node {
  /// Runs the nodes of a topology to its end; none of them is left afterwards.
  ///
  /// Call it on the root, once. It sets the stop policy of the tree to what the file needs, leaves
  /// notes for `ptree ps` and `ptree stop --plan`, and keeps output for `ptree logs`. At the end a
  /// line on standard error names each pipeline that has put records aside, with their number.
  ///
  /// - Parameter topology: The topology, checked with a catalog whose programs the app lists.
  /// - Throws: ``TopologyFailure`` if the topology has failed, and `CancellationError`.
  public func run(_ topology: Topology) async throws {
    let report: ([PutAside]) -> Void = { aside in
      for account in aside { self.tell(account.line) }
    }
    let outcome = try await run(topology.plan, as: "", onEnd: report)
    guard outcome.exitCode != 0 || outcome.account != nil else { return }
    throw TopologyFailure(
      outcome.account ?? "\(topology.name) ended with exit code \(outcome.exitCode)",
      exitCode: outcome.exitCode)
  }

  /// Runs a checked topology as the root.
  ///
  /// - Parameters:
  ///   - tool: The tool that has started it, with its version, for `ptree ps`; empty for nothing.
  ///   - onLoss: Called with the reason when no more output can be kept.
  ///   - hasOutput: Whether the standard output was open at the start.
  ///   - onUp: Called with the run's number when all nodes are up or have ended.
  ///   - onEnd: Called with the records that pipelines have put aside, however the run ends.
  package func run(
    _ plan: TopologyPlan, as tool: String, hasOutput: Bool = true,
    onLoss: @escaping @Sendable (String) -> Void = { _ in },
    onUp: @escaping @Sendable (String) -> Void = { _ in },
    onEnd: ([PutAside]) -> Void = { _ in }
  ) async throws -> TopologyRun.Outcome {
    let order = StopOrder(StartPlan(plan.group))
    var notes: [RunNotes.Note: String] = [.name: plan.name, .plan: order.document.line]
    if !tool.isEmpty { notes[.tool] = tool }
    await leave(notes)
    await keepOutput(plan.keptOutput, onFailure: onLoss)
    let scratch = try await makeScratchDirectory()
    let run = scratch.split(separator: "/").dropLast().last.map(String.init) ?? ""
    let context = RunContext(run: run, name: plan.name, scratch: scratch, hasOutput: hasOutput)
    defer { onEnd(PutAsideAccount(scratch: scratch).entries) }
    return try await TopologyRun(plan, context).run(in: self) { onUp(run) }
  }
}

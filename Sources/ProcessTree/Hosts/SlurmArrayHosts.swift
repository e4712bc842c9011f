/// A host for each task of an array of Slurm, as the tasks begin to run; see
/// ``Node/hostsOfSlurmArray(_:named:)``.
///
/// It ends for no reason of its own: Slurm may requeue tasks, and start more of them.
public struct SlurmArrayHosts: AsyncSequence, Sendable {
  /// Makes an iterator.
  public func makeAsyncIterator() -> Iterator { Iterator(node: node, array: array, name: name) }

  let node: Node
  let array: String
  let name: String

  /// Asks `squeue` for the tasks that run.
  public struct Iterator: AsyncIteratorProtocol {
    let node: Node
    let array: String
    let name: String
    private var known: Set<String> = []
    private var found: [SlurmTask] = []
    private var hasAnswer = false

    /// Sites ask their users not to question `squeue` all the time.
    private static let interval: Duration = .seconds(5)

    init(node: Node, array: String, name: String) {
      self.node = node
      self.array = array
      self.name = name
    }

    /// The host of the next task, once it runs.
    ///
    /// - Throws: A ``HostError`` with `engineMissing` if `squeue` cannot be started, and
    ///   `allocationEnded` if it does not know the array when it is asked first;
    ///   `CancellationError`.
    public mutating func next() async throws -> Host? {
      while found.isEmpty {
        if hasAnswer { try await node.sleep(for: Self.interval) }
        found = try await runningTasks().filter { known.insert($0.job).inserted }.reversed()
      }
      return found.popLast()?.host(named: name)
    }

    private mutating func runningTasks() async throws -> [SlurmTask] {
      let command = Command(
        "squeue",
        ["--noheader", "--states", "running", "--format", SlurmTask.format, "--jobs", array])
      let answer: CompletedCommand
      do {
        answer = try await node.capture(command)
      } catch let error as CommandError {
        throw HostError(
          .engineMissing, host: name, "Slurm's squeue cannot be started: \(error)")
      }
      guard answer.status == .exited(0) || hasAnswer else {
        throw HostError(
          .allocationEnded, host: name,
          "Slurm does not know the array \(array): \(SlurmNodes.oneLine(answer.errorText))")
      }
      hasAnswer = true
      return answer.outputText.split(separator: "\n").compactMap(SlurmTask.init)
    }
  }
}

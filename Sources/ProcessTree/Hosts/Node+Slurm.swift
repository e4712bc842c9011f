internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire

extension Node {
  /// Has Slurm allocate nodes, which are hosts in `body`, and gives them back at its end.
  ///
  /// The allocation ends with this process, however that ends: `salloc` holds it as long as its
  /// standard input is open.
  ///
  /// - Parameters:
  ///   - request: How many nodes, and for how long.
  ///   - body: The code that opens the hosts; see ``withHosts(_:minimum:_:)``. Their slots are the
  ///     processors that the allocation has on each.
  /// - Returns: The result of `body`.
  /// - Throws: The error of `body`; a ``HostError`` with `engineMissing` without `salloc`, or if
  ///   `scontrol` names no nodes, `allocationRefused` if Slurm gives none, `notInTime` if it gives
  ///   none within the request's `patience`; `CancellationError`.
  public func withSlurm<Value>(
    _ request: SlurmRequest, _ body: ([Host]) async throws -> Value
  ) async throws -> Value {
    let words = try request.words()
    return try await holding(words, by: .salloc, of: request, SlurmNodes.init) {
      try await body($0.hosts(named: request.name))
    }
  }

  /// Has Slurm run an array of jobs, each of which holds a node that joins as a host when it
  /// begins, and cancels the remaining jobs when `body` ends.
  ///
  /// ```swift
  /// try await root.withSlurmArray(SlurmRequest(nodes: 8, options: ["-c", "4"])) { tasks in
  ///   try await root.withHosts(joining: tasks, minimum: 2) { hosts in … }
  /// }
  /// ```
  ///
  /// They are cancelled when this process ends, however that happens.
  ///
  /// - Parameters:
  ///   - request: How many tasks as its `nodes`, each of one node, and for how long. `patience` is
  ///     the time that `sbatch` has for its answer.
  ///   - body: The code that opens the hosts.
  /// - Returns: The result of `body`.
  /// - Throws: The error of `body`; a ``HostError`` with `engineMissing` without `sbatch`, or if it
  ///   does not print the array's number, `allocationRefused` if Slurm takes no such array,
  ///   `notInTime`; `CancellationError`.
  public func withSlurmArray<Value>(
    _ request: SlurmRequest, _ body: (SlurmArrayHosts) async throws -> Value
  ) async throws -> Value {
    let words = try request.arrayWords()
    return try await holding(words, by: .sbatch, of: request, SlurmTask.array) {
      try await body(try hostsOfSlurmArray($0, named: request.name))
    }
  }

  /// Runs `body` with what Slurm has given, as long as a process of this one holds it.
  private func holding<Grant: Sendable, Value>(
    _ words: [String], by tool: SlurmTool, of request: SlurmRequest,
    _ read: @escaping @Sendable (String) -> Grant?, _ body: (Grant) async throws -> Value
  ) async throws -> Value {
    let allocation = try await runtime.run { runtime in
      do {
        return LoopBound(
          try SlurmAllocation(words, by: tool, in: runtime, read), on: runtime.loop)
      } catch {
        throw HostError(
          .engineMissing, host: request.name,
          "Slurm's \(tool.rawValue) cannot be started: \(error)")
      }
    }
    let result: Result<Value, any Error>
    do {
      result = .success(try await body(try await grant(of: allocation, request, tool)))
    } catch {
      result = .failure(error)
    }
    allocation.perform { $0.release() }
    _ = await runtime.lendingSlot {
      await runtime.wait(isShielded: true) { (wait: LoopBound<Wait<Void>>) in
        guard !allocation.value.isOver else { return wait.value.end(()) }
        wait.value.join(allocation.value.overWaiters, within: nil)
      }
    }
    return try result.get()
  }

  private func grant<Grant: Sendable>(
    of allocation: LoopBound<SlurmAllocation<Grant>>, _ request: SlurmRequest, _ tool: SlurmTool
  ) async throws -> Grant {
    let isInTime: Void? = await runtime.wait { (wait: LoopBound<Wait<Void>>) in
      let allocation = allocation.value
      guard allocation.grant == nil, allocation.unreadable == nil, !allocation.isOver else {
        return wait.value.end(())
      }
      wait.value.join(allocation.knownWaiters, within: request.patience)
    }
    try Task.checkCancellation()
    if let grant = try await allocation.run({ $0.grant }) { return grant }
    if let text = try await allocation.run({ $0.unreadable }) {
      throw HostError(.engineMissing, host: request.name, "\(tool.silence): \(text)")
    }
    guard isInTime != nil else {
      throw HostError(
        .notInTime, host: request.name,
        "Slurm has given no nodes within \(request.patience.inShort); squeue says what they wait for"
      )
    }
    throw HostError(
      .allocationRefused, host: request.name,
      "Slurm gives no nodes: \(try await allocation.run { $0.account })")
  }

  /// The hosts of the allocation of Slurm that this process runs in: a job of `sbatch`, or a shell
  /// of `salloc`.
  ///
  /// - Parameter name: The name with which theirs begin.
  /// - Returns: A host for each node.
  /// - Throws: A ``HostError`` with `allocationEnded` outside of a job, and `engineMissing` without
  ///   `scontrol`; `CancellationError`.
  public func hostsOfSlurmAllocation(named name: String = "slurm") async throws -> [Host] {
    try SlurmNodes.check(name: name)
    guard getenv("SLURM_JOB_ID") != nil else {
      throw HostError(
        .allocationEnded, host: name,
        "this is no job of Slurm: SLURM_JOB_ID is not set; request nodes: 2, or begin with salloc")
    }
    let outcome = try await capture(Command("sh", ["-c", SlurmNodes.script]))
    let text = outcome.outputText
    guard let nodes = SlurmNodes(text) else {
      let errors = outcome.errorText
      throw HostError(
        .engineMissing, host: name,
        "Slurm's scontrol does not name the nodes of this job: "
          + SlurmNodes.oneLine(errors.isEmpty ? text : errors))
    }
    return nodes.hosts(named: name)
  }

  /// The hosts of an array of Slurm, each when its task begins to run, for
  /// ``withHosts(joining:minimum:_:)``.
  ///
  /// A task of an array is a job of its own. It may do nothing but hold its node, and `scancel`
  /// drains that host alone. ``withSlurmArray(_:_:)`` submits such an array; this is for one that
  /// is there:
  ///
  /// ```sh
  /// sbatch --parsable --array=1-8 -N1 -c4 --no-requeue --wrap 'sleep infinity'
  /// ```
  ///
  /// - Parameters:
  ///   - array: The number of the array's job, which `sbatch` has printed.
  ///   - name: The name with which theirs begin: `slurm-1234_2`.
  /// - Returns: A host for each task, with as many slots as the task has processors.
  /// - Throws: A ``HostError`` with `invalidHost` if that is no number of a job.
  public func hostsOfSlurmArray(
    _ array: String, named name: String = "slurm"
  ) throws(HostError) -> SlurmArrayHosts {
    try Host.command([], name: "\(name)-\(array)_9999").check()
    guard UInt64(array) != nil else {
      throw HostError(
        .invalidHost, host: name, "\(array.quotation) is no number of an array of Slurm")
    }
    return SlurmArrayHosts(node: self, array: array, name: name)
  }
}

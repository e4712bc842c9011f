public import ProcessTree

extension Pipeline {
  /// The same with an external command behind it.
  ///
  /// Each worker runs the command once: what the pipeline makes is its standard input, what it
  /// writes to its standard output goes on as it comes. Outputs belong to no single input; those of
  /// one worker keep their order. An end with another exit code than 0 fails the run with a
  /// `CommandFailure`; a command that does not read all of its input is no failure.
  ///
  /// - Parameters:
  ///   - command: The executable, its arguments, environment, directory and limits.
  ///   - input: How items stand in its standard input.
  ///   - output: How items stand in its standard output.
  ///   - workers: How many nodes run it.
  ///   - distribution: How they share what comes.
  ///   - isOrdered: Whether it gets its input in the order of the source, for which it has one
  ///     worker or partitions.
  ///   - place: The hosts on which the nodes run, or `OwnHost()`; `nil` for those of the run.
  public func then<Next>(
    _ command: Command, input: CommandFraming<Output>, output: CommandFraming<Next>,
    workers: Int = 1, distribution: Distribution<Output> = .balanced,
    ordered isOrdered: Bool = false, on place: (any Place)? = nil
  ) -> Pipeline<Input, Next> {
    let name = command.executable.split(separator: "/").last.map(String.init)
    return then(
      command, named: name ?? "command", input: input, output: output, workers: workers,
      distribution: distribution, ordered: isOrdered, on: place)
  }

  /// The same with a name of the stage.
  ///
  /// - Parameter joint: Where the command's input comes from, if not from what the pipeline makes:
  ///   then the command of the one stage before, or of the source, writes to this, and the stage
  ///   has one worker.
  package func then<Next>(
    _ command: Command, named name: String, input: CommandFraming<Output>,
    output: CommandFraming<Next>, workers: Int, distribution: Distribution<Output>,
    ordered isOrdered: Bool, joint: CommandJoint? = nil, on place: (any Place)? = nil
  ) -> Pipeline<Input, Next> {
    followed(
      by: StageBlueprint(
        description: StageDescription(
          name: name, workers: workers, sharing: distribution.sharing,
          isStateless: false, isOrdered: isOrdered || self.isOrdered, isJoined: joint != nil),
        distribution: distribution, joint: joint, place: place
      ) { inlet, outlets, place in
        CommandWorker(
          command: command, input: input, output: output, inlet: inlet, outlets: outlets,
          place: place, jointPath: joint?.readingPath)
      })
  }

  /// A pipeline of an external command; see
  /// `then(_:input:output:workers:distribution:ordered:on:)`.
  public init(
    _ command: Command, input: CommandFraming<Input>, output: CommandFraming<Output>,
    workers: Int = 1, distribution: Distribution<Input> = .balanced
  ) {
    self = Pipeline<Input, Input>.empty.then(
      command, input: input, output: output, workers: workers, distribution: distribution)
  }
}

internal import ArgumentParser

/// The faults of `ptree chaos`, and for how long they come.
struct ChaosOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "The number that decides all faults; a random one, which is printed, without it.")
  var seed: UInt64?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many nodes a second get SIGKILL.", valueName: "rate"))
  var kill = 0.0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many nodes a second get SIGSTOP, and SIGCONT up to 100 ms later.", valueName: "rate"))
  var stop = 0.0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many data links a second are cut.", valueName: "rate"))
  var cut = 0.0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("For how many seconds faults come.", valueName: "seconds"))
  var duration = Seconds(duration: .seconds(10))

  var rates: FaultRates { FaultRates(kill: kill, stop: stop, cut: cut) }

  func validate() throws {
    for (name, rate) in [("kill", kill), ("stop", stop), ("cut", cut)] {
      guard (0...FaultRates.largest).contains(rate) else {
        throw ValidationError("--\(name) is a number of faults a second from 0 to 1000.")
      }
    }
    guard rates.sum > 0 else {
      throw ValidationError(
        "There are no faults; give --kill, --stop or --cut a rate above 0, such as --kill 5.")
    }
    guard rates.sum <= FaultRates.largest else {
      throw ValidationError("All rates together are at most 1000 faults a second.")
    }
    guard duration.duration > .zero else {
      throw ValidationError("The duration is more than 0 seconds.")
    }
  }
}

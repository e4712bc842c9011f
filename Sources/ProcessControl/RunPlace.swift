import Glibc

/// The place of a run among a user's runs, held by its root until the process ends.
///
/// Every run has a directory, named by its number, in one that the runs of a user share. A run lives
/// as long as its directory or the lock file in it is locked, or its root is found among the
/// processes. Nothing that is missing is taken for a sign of death: a cleaner of old files may have
/// removed it.
package final class RunPlace {
  /// The name of the lock file; a build of before looks at nothing else.
  private static let lockFile = "lock"
  /// How long another run may keep the new directory locked to see whether it is a dead run's.
  private static let patience: Duration = .seconds(10)

  private let runs: OwnDirectory
  private let directory: OwnDirectory
  private let name: String

  private init(_ runs: OwnDirectory, _ directory: OwnDirectory, name: String) {
    self.runs = runs
    self.directory = directory
    self.name = name
  }

  /// Makes the directory of a run and locks it.
  package static func make(
    run: UInt32, in runs: OwnDirectory
  ) throws(ProcessControlError) -> RunPlace {
    let name = name(of: run)
    let deadline = ContinuousClock.now + patience
    while true {
      do throws(ProcessControlError) {
        try runs.makeDirectory(name)
      } catch {
        guard error.errno == EEXIST else { throw error }
      }
      if let directory = try open(name, in: runs), try directory.lock(),
        directory.isStill(name, in: runs)
      {
        return try hold(directory, name, in: runs)
      }
      // Another run looks at it, or has just removed it: to be made anew.
      guard ContinuousClock.now < deadline else {
        throw ProcessControlError(
          .wouldBlock, call: "flock", errno: EWOULDBLOCK, "another process keeps it locked")
      }
      usleep(1000)
    }
  }

  /// The directory; nil when it has been removed.
  private static func open(
    _ name: String, in runs: OwnDirectory
  ) throws(ProcessControlError) -> OwnDirectory? {
    do throws(ProcessControlError) {
      return try runs.directory(name)
    } catch {
      guard error.errno == ENOENT else { throw error }
      return nil
    }
  }

  private static func hold(
    _ directory: OwnDirectory, _ name: String, in runs: OwnDirectory
  ) throws(ProcessControlError) -> RunPlace {
    do throws(ProcessControlError) {
      // Locked as long as its descriptor is open, which is to the end.
      _ = try directory.makeLockedFile(lockFile)
      let place = RunPlace(runs, directory, name: name)
      // Never released: in children cloned from this process the numbers are other descriptors'.
      _ = Unmanaged.passRetained(place)
      return place
    } catch {
      runs.removeDirectory(name)
      throw error
    }
  }

  /// Removes the directory and the files in it.
  package func remove() {
    directory.clear()
    runs.removeDirectory(name)
  }

  /// The name of a run's directory.
  package static func name(of run: UInt32) -> String {
    let digits = String(run, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// The run whose directory has this name; nil for every name that no run's directory can have.
  package static func run(named name: String) -> UInt32? {
    // The point was the mark of an unfinished directory.
    let digits = name.hasPrefix(".") ? String(name.dropFirst()) : name
    guard let run = UInt32(digits, radix: 16), self.name(of: run) == digits,
      run != 0, run < 0x8000_0000
    else { return nil }
    return run
  }

  /// Ends the processes of dead runs, by their tag, and removes their directories.
  package static func sweepDeadRuns(in runs: OwnDirectory) {
    for name in runs.entries {
      guard let run = run(named: name), let directory = try? runs.directory(name),
        // Held until the directory is gone: two sweeps do not meet.
        (try? directory.lock()) == true, (try? directory.isLocked(lockFile)) == false,
        RunSweep.hasLivingRoot(run: run) == false
      else { continue }
      // What cannot be ended in time is for the next run to find.
      guard RunSweep.killAll(run: run, .everything).isComplete else { continue }
      directory.clear()
      runs.removeDirectory(name)
    }
  }
}

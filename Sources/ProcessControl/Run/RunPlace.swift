import Glibc
import ProcessTreeBase

/// The directory of a run among a user's runs, held by its root until the process ends.
///
/// Every run has a directory, named by its number, in a directory that the user's runs share. A run
/// is alive as long as its directory or the lock file in it is locked, or its root is among the
/// processes. A missing file is no sign of death, because a cleaner of old files may have removed
/// it.
package final class RunPlace {
  /// The name of the lock file, which has what the root notes about the run; earlier builds check
  /// only this lock.
  package static let lockFile = "lock"
  /// How long another run may lock the new directory to check whether its run is dead.
  private static let patience: Duration = .seconds(10)

  private let runs: OwnDirectory
  private let directory: OwnDirectory
  private let lock: Descriptor
  private let name: String

  private init(
    _ runs: OwnDirectory, _ directory: OwnDirectory, _ lock: consuming Descriptor, name: String
  ) {
    self.runs = runs
    self.directory = directory
    self.lock = lock
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
      // Another run checks it or has just removed it, so try again.
      guard ContinuousClock.now < deadline else {
        throw ProcessControlError(
          .wouldBlock, call: "flock", errno: EWOULDBLOCK, "another process keeps it locked")
      }
      // A lock has no event, and waiting for it has no time limit.
      usleep(1000)
    }
  }

  /// The directory; `nil` if it has been removed.
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
      let place = RunPlace(runs, directory, try directory.makeLockedFile(lockFile), name: name)
      // It is never released: in cloned children the numbers belong to other descriptors.
      _ = Unmanaged.passRetained(place)
      return place
    } catch {
      runs.removeDirectory(name)
      throw error
    }
  }

  /// Writes into the lock file what others may read about the run; once, and all or nothing.
  package func note(_ bytes: [UInt8]) throws(ProcessControlError) {
    do throws(ProcessControlError) {
      try Descriptors.writeAllQuietly(lock.number, bytes)
    } catch {
      ftruncate(lock.number, 0)
      throw error
    }
  }

  package func remove() {
    directory.clear()
    runs.removeDirectory(name)
  }

  package static func name(of run: UInt32) -> String {
    let digits = String(run, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// The run of a directory name; `nil` if no run's directory can have this name.
  package static func run(named name: String) -> UInt32? {
    // Earlier builds marked an unfinished directory by a point.
    let digits = name.hasPrefix(".") ? String(name.dropFirst()) : name
    guard let run = UInt32(digits, radix: 16), self.name(of: run) == digits,
      run != 0, run < 0x8000_0000
    else { return nil }
    return run
  }

  /// Kills the processes of dead runs, by their tag, and removes their directories.
  package static func sweepDeadRuns(in runs: OwnDirectory) {
    for name in runs.entries {
      guard let run = run(named: name), let directory = try? runs.directory(name),
        // The lock is held until the directory is removed, so only one sweep handles it.
        (try? directory.lock()) == true, (try? directory.isLocked(lockFile)) == false,
        RunSweep.hasLivingRoot(run: run) == false
      else { continue }
      // The next run finds the processes that cannot be killed in time.
      guard RunSweep.killAll(run: run, .everything).isComplete else { continue }
      guard ControlGroup.end(ofDeadRun: name, in: directory) else { continue }
      directory.clear()
      runs.removeDirectory(name)
    }
  }
}

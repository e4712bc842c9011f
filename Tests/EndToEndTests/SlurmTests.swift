import Foundation
import Testing

extension EndToEndTests {
  /// Hosts of Slurm; its commands are scripts that run all here.
  struct SlurmTests {
    private static let commands = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Hosts/fake-slurm").path

    /// The tool with Slurm's commands, and what they note.
    private func start(_ words: String, _ environment: [String: String] = [:]) throws -> Tool {
      try Tool(
        shell: """
          export SLURM_LOG=$PWD/log PATH=\(Self.commands):$PATH
          \(words)
          """, environment: environment)
    }

    @Test func anAllocationIsHostsForTheTimeOfARun() throws {
      let run = try start(
        """
        $PTREE run squares 6 --host slurm:nodes=2,time=90s --json
        code=$?; cat log >&2; exit $code
        """
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(try run.json() as? [Int] == [1, 4, 9, 16, 25, 36])
      #expect(run.errors.contains(" on slurm-n1)\n") && run.errors.contains(" on slurm-n2)\n"))
      #expect(run.errors.contains("salloc -Q --no-kill -N 2 -J ptree-slurm -t 2 sh -c "))
      for node in ["n1", "n2"] {
        #expect(run.errors.contains("srun -Q --jobid=7 -N1 -n1 -w \(node) --overlap "))
      }
      #expect(run.errors.hasSuffix("released\n"))
    }

    @Test func theAllocationEndsWithAKilledRoot() throws {
      let tool = try start("exec $PTREE run names --hold 600 --host slurm:nodes=2")
      #expect(tool.wait { tool.outputSoFar != "" || tool.errorsSoFar.contains("2:2 started") })
      tool.signal(SIGKILL)
      #expect(
        tool.wait {
          (try? String(contentsOfFile: tool.directory.path + "/log", encoding: .utf8))?
            .hasSuffix("released\n") == true
        })
      _ = try tool.endLeavingNothing()
    }

    @Test(arguments: [
      ("--host slurm:nodes=2,partition=full", "Requested node configuration is not available"),
      ("--host slurm", "this is no job of Slurm"),
    ])
    func aRefusalIsNamed(_ words: String, _ reason: String) throws {
      let run = try start("$PTREE run squares 3 --quiet \(words)").end()
      #expect(run.code == 1 && run.output == "")
      #expect(run.errors.contains("Host slurm: ") && run.errors.contains(reason), "\(run.errors)")
    }

    /// Long before the time that a request may wait in the queue.
    @Test(arguments: [
      ("broken", "Invalid hostlist"), ("nameless", "does not name the nodes of the allocation: 7"),
      ("noisy", "does not name the nodes of the allocation: Welcome to the grid"),
    ])
    func anAllocationWithoutNodesIsGivenBackAtOnce(_ partition: String, _ reason: String) throws {
      let run = try start(
        """
        $PTREE run squares 3 --quiet --host slurm:nodes=2,partition=\(partition)
        code=$?; cat log >&2; exit $code
        """
      ).end()
      #expect(run.code == 1 && run.output == "")
      #expect(run.errors.contains("Host slurm: ") && run.errors.contains(reason), "\(run.errors)")
      #expect(run.errors.contains("released\n"))
    }

    @Test(arguments: [("broken", "Invalid hostlist"), ("nameless", "the nodes of this job: 7")])
    func aJobWithoutNodesSaysWhatSlurmSays(_ partition: String, _ reason: String) throws {
      let job = [
        "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_JOB_CPUS_PER_NODE": "3",
        "SLURM_JOB_PARTITION": partition,
      ]
      let run = try start("$PTREE run squares 3 --quiet --host slurm", job).end()
      #expect(run.code == 1 && run.errors.contains(reason), "\(run.errors)")
    }

    /// The second task begins while the run goes on; the third never does.
    @Test func tasksOfAnArrayJoinAsTheyBegin() throws {
      let run = try start(
        """
        printf 'slurm tasks=3 time=90s partition=main within=30s\\n' >hosts
        (until grep -qs '70_1.*started' events; do sleep 0.05; done; echo '70_2 72 1 1' >>log.tasks) &
        $PTREE run mapreduce --hosts hosts --seconds 8 --kills-per-second 0 --quiet --events events
        code=$?; cat log events >&2; exit $code
        """
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.contains("totals are exact"), "\(run.output)")
      #expect(
        run.errors.contains(
          "sbatch --parsable --array=1-3 -N 1 --no-requeue -o /dev/null -J ptree-slurm -t 2 -p main "
            + "--wrap"))
      #expect(run.errors.contains("srun -Q --jobid=71 -N1 -n1 --overlap "))
      #expect(run.errors.contains("srun -Q --jobid=72 -N1 -n1 --overlap "))
      let lines = run.errors.split(separator: "\n")
      #expect(lines.contains { $0.contains("hostUp") && $0.contains("slurm-70_2") }, "\(lines)")
      #expect(run.errors.contains("scancel 70\n"))
    }

    @Test func anArrayThatIsThereIsJoinedAndStays() throws {
      let run = try start(
        """
        echo '70_4 74 3 1' >log.tasks
        $PTREE hosts check --host slurm:array=70,minimum=1 --json; cat log >&2
        """
      ).end()
      #expect((try run.json() as? [String: Any])?["host"] as? String == "slurm-70_4")
      #expect((try run.json() as? [String: Any])?["slots"] as? Int == 3)
      #expect(run.errors.contains("--jobs 70\n") && !run.errors.contains("scancel"))
    }

    @Test func theArrayIsCancelledWithAKilledRoot() throws {
      let tool = try start("exec $PTREE run names --hold 600 --host slurm:tasks=2")
      #expect(tool.wait { tool.outputSoFar != "" || tool.errorsSoFar.contains("2:2 started") })
      tool.signal(SIGKILL)
      #expect(
        tool.wait {
          (try? String(contentsOfFile: tool.directory.path + "/log", encoding: .utf8))?
            .hasSuffix("scancel 70\n") == true
        })
      _ = try tool.endLeavingNothing()
    }

    @Test(arguments: [
      ("tasks=2,partition=full", "Requested node configuration is not available"),
      ("tasks=2,partition=noisy", "does not print the number of the array: Welcome"),
      ("array=99", "does not know the array 99"),
      ("tasks=3,minimum=2,within=3s", "of 2 hosts have come, within 3"),
    ])
    func anArrayThatCannotBeUsedIsNamed(_ words: String, _ reason: String) throws {
      let run = try start("$PTREE run squares 3 --quiet --host slurm:\(words)").end()
      #expect(run.code == 1 && run.output == "")
      #expect(run.errors.contains("Host slurm: ") && run.errors.contains(reason), "\(run.errors)")
    }

    /// One of all is enough if the command line asks for that.
    @Test func theMinimumOfTheCommandLineCountsAllHosts() throws {
      let run = try start(
        "$PTREE run squares 4 --host local:2 --host slurm:tasks=3 --minimum-hosts 2 --json --quiet"
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(try run.json() as? [Int] == [1, 4, 9, 16])
    }

    @Test func aNodeOfAFileNamesAnArray() throws {
      let run = try start(
        """
        cat >t.yaml <<'END'
        ptree: 1
        hosts:
          grid: {slurm: {tasks: 3, minimum: 1}, within: 30s}
        nodes:
          a: {shell: echo there, instances: 3, restart: never, on: grid}
        END
        $PTREE run t.yaml --quiet
        code=$?; cat log >&2; exit $code
        """
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.components(separatedBy: "there").count == 4, "\(run.output)")
      #expect(run.errors.contains("srun -Q --jobid=71 ") && run.errors.contains("scancel 70\n"))
    }

    @Test func theQueueHasADeadline() throws {
      let run = try start(
        "$PTREE hosts check --host slurm:nodes=1,partition=slow --within 0.5 --json"
      ).end()
      #expect(run.code == 1)
      #expect((try run.json() as? [String: Any])?["error"] as? String == "notInTime")
    }

    @Test func aJobIsItsOwnHosts() throws {
      let job = [
        "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_JOB_CPUS_PER_NODE": "3,4",
      ]
      let run = try start("$PTREE hosts check --host slurm --json; cat log >&2", job).end()
      #expect(run.lines.count == 2 && !run.errors.contains("salloc"))
      #expect(run.output.contains("\"host\":\"slurm-n1\"") && run.output.contains("\"slots\":4"))
      let over = try start(
        "$PTREE hosts check --host slurm --json", job.merging(["SLURM_JOB_ID": "8"]) { $1 }
      ).end()
      #expect(over.code == 1)
      #expect((try over.json() as? [String: Any])?["error"] as? String == "allocationEnded")
    }
  }
}

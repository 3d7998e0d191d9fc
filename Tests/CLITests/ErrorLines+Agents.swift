extension ErrorLines {
  /// Of agents that stand on a factorization, of that, and of words and options as such.
  static let agentSentences: [(String, String)] = [
    (
      "trian drr",
      "trian is no command; did you mean train?"
    ),
    (
      "train drx",
      "drx is no command; did you mean drr?"
    ),
    (
      "train drr --no-such-option",
      "--no-such-option is no option of drr train drr; `drr train drr --help` lists them"
    ),
    (
      "train drr --hiden 3",
      "--hiden is no option of drr train drr; did you mean --hidden?"
    ),
    (
      "train drr --steps",
      "--steps has no value; give it a whole number"
    ),
    (
      "train drr --steps many",
      "--steps is many; it must be a whole number"
    ),
    (
      "train drr extra",
      "extra belongs to no option; write --run extra if it is a run, or leave it out"
    ),
    (
      "train drr --state avr",
      "--state is avr; it must be one of p, u, ave, att, items, gru or gru-rewards; the nearest is "
        + "ave"
    ),
    (
      "train drr --split latst",
      "--split is latst; it must be one of users, rows, time, latest, sessions or none; "
        + "the nearest is latest"
    ),
    (
      "train drr --device gpu",
      "--device is gpu; it must be one of auto, cpu, opencl or opencl:P:D; the nearest is "
        + "opencl"
    ),
    (
      "train drr --actor-learning-rate -1",
      "--actor-learning-rate has no value; write one that begins with a dash as "
        + "--actor-learning-rate=-1"
    ),
    (
      "train drr --cutoffs 0",
      "--cutoffs is 0; it must be whole numbers of at least 1, as 5,10"
    ),
    (
      "train drr --pmf-start uniform",
      "--pmf-start is uniform; it must be uniform:WIDTH or normal:DEVIATION, as uniform:0.1"
    ),
    (
      "train drr --rating-range 5,1",
      "--rating-range is 5,1; it must be the lowest and the highest rating, within a million of 0, "
        + "as 1,5"
    ),
    (
      "train drr --myopic --no-myopic",
      "--myopic and --no-myopic exclude each other; leave one of them out."
    ),
    (
      "train drr --batch 3 --batch-size 4",
      "--batch and --batch-size are one option; leave one of them out."
    ),
    (
      "train drr --steps 100 --steps 200",
      "--steps is given twice, as 100 and 200; leave one of them."
    ),
    (
      "train drr --data ml-100k.zip",
      "ml-100k.zip: no such file or folder; name one that is there, or use generated:small"
    ),
    (
      "train drr --data gem",
      "gem: no such file or folder; did you mean gen?"
    ),
    (
      "train drr --data generated:smal",
      "generated data \"generated:smal\" is unknown, expected generated:SIZE or "
        + "generated:SIZE:SEED with SIZE one of tiny, small, medium, large and SEED a whole "
        + "number; did you mean generated:small?"
    ),
    (
      "train drr --run q",
      "q is a Q-learning run; go on with it by `drr train q --run q`, or name another --run"
    ),
    (
      "train drr --run d --steps 100",
      "d: the run was started with --steps 300, not 100; name another --run, or start "
        + "again with --fresh"
    ),
    (
      "train drr --run d --data generated:tiny:2",
      "d: the run was started with other data, of checksum 5ad660ab, not 979b157a; name "
        + "another --run, or start again with --fresh"
    ),
    (
      "train drr --dimension 0 --data generated:tiny --run new",
      "--dimension is 0; it must be 1 ... 4096"
    ),
    (
      "train drr --batch-size 201 --buffer-size 200 --data generated:tiny --run new",
      "--buffer-size is 200; it must be at least a batch"
    ),
    (
      "train drr --test-fraction 0.001 --data generated:tiny --run new",
      "--test-fraction is 0.001, which splits 50 users into 45 to train on, 5 to validate "
        + "on and 0 to test on; each must be 1 or more, or --validation-fraction 0"
    ),
  ]

  /// Further ones, one a line.
  static let agentLines = """
    train drr --steps 1.5
    train drr --steps 0
    train drr -q
    train drr --split people
    train drr --env pmff
    train drr --device foo
    train drr --checkpoint bst
    train drr --data gen/nothing
    train drr --data generated:huge
    train drr --data generated:tiny:x
    train drr --data notes.txt
    train drr --data b.csv
    train drr --data odd.json
    train drr --data a.gz
    train drr --data a.tar
    train drr --run g
    train drr --run m
    train drr --run damaged
    train drr --run notes.txt
    train drr --run ''
    train drr --run d --steps 100 --data generated:tiny
    train drr --run d --seeds 3
    train drr --run grp --seeds 3 --splits 2
    train drr --run new --seeds 0
    train drr --run new --seeds 2000
    train drr --run new --splits 0
    train drr --test-fraction 2
    train drr --test-fraction 0.999
    train drr --validation-fraction 1
    train drr --split none --test-fraction 0.2
    train drr --dimension 0 --run new --data generated:tiny
    train drr --discount 1 --run new --data generated:tiny
    train drr --discount nan --run new --data generated:tiny
    train drr --window 0 --run new --data generated:tiny
    train drr --window 1000 --run new --data generated:tiny
    train drr --batch-size 201 --buffer-size 200 --run new --data generated:tiny
    train drr --actor-learning-rate=-1 --run new --data generated:tiny
    train drr --learning-starts=-1 --run new --data generated:tiny
    train drr --cutoffs a,b
    train drr --cutoffs 5,10 --minimum-candidates 2 --run new --data generated:tiny
    train drr --pmf-start uniform:x
    train drr --pmf-solver sgdx
    train drr --preset bets
    train drr --checkpoint-steps 0
    train drr --blas-core Nonsense --run new --data generated:tiny
    train drr --config nothing.yaml
    train drr --config q/config.json
    train drr --config a.json
    train drr --config d/config.json --run d --discount 0.5
    train drr --rating-range 5,1 --data generated:tiny --run new
    train drr --rating-range 5 --data generated:tiny --run new
    train drr --liked-above 9 --data generated:tiny --run new
    train drr --liked-above x
    train drr --profile-fraction 2 --data generated:tiny --run new
    train drr --streak-strength 1000
    train drr --env items --streak-strength=-1
    train drr --num-envs 0 --data generated:tiny --run new
    train drr --split sessions --data generated:tiny --run new
    train residual --bc-updates=-1 --data generated:tiny --run new
    train residual --run d
    train pmf --run d --dimension 9
    train pmf --run q
    train pmf --from nowhere
    train pmf --from notes.txt
    train pmf --from gen --data generated:tiny
    train pmf --data generated:tiny+nowhere
    train pmf --data generated:tiny+generated:huge
    train drr --follow
    train drr --from gen --every 5
    train drr --from gen --follow --every 0
    train planner --data generated:tiny --run new --beam 0
    train planner --run d
    """
}

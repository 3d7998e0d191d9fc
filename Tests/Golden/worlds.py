"""Golden traces of RecSim 0.2.4 with the draws that they were made of, and figures of VirtualTaobao.

    python worlds.py [golden_vt_networks.json]

writes worlds.safetensors. Needs the packages recsim 0.2.4 (with --no-deps), gin-config, absl-py,
gymnasium, numpy, six and safetensors. The networks' figures are float64 of the float32 weights;
without that file those of the last worlds.safetensors are kept.
"""

import json
import os
import sys
import types

import gin
import gymnasium

sys.modules["gin.tf"] = gin
gin.tf = gin
sys.modules["gym"] = gymnasium
# What trains agents there wants TensorFlow; the environments do not.
sys.modules["recsim.simulator.runner_lib"] = types.ModuleType("runner_lib")

import numpy as np
from recsim import choice_model
from recsim.environments import interest_evolution as evolution
from recsim.environments import interest_exploration as exploration
from recsim.environments import long_term_satisfaction as satisfaction
from recsim.simulator import environment
from safetensors.numpy import load_file, save_file

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worlds.safetensors")
arrays = {}
# The draws of a step, in their order; each stands in for the one that RecSim makes.
normals, uniforms = [], []


def normal(loc=0.0, scale=1.0):
    normals.append(np.random.standard_normal())
    return loc + scale * normals[-1]


def rand(*shape):
    uniforms.append(np.random.random_sample())
    return np.full(shape, uniforms[-1])


def choice(n, p):
    uniforms.append(np.random.random_sample())
    cdf = np.cumsum(p)
    return int((cdf / cdf[-1]).searchsorted(uniforms[-1], side="right"))


np.random.normal, np.random.rand, np.random.choice = normal, rand, choice


def save(case, **values):
    for name, value in values.items():
        value = np.ascontiguousarray(np.atleast_1d(np.array(value)))
        value = value.astype(np.int32 if value.dtype.kind in "ib" else np.float64)
        arrays[f"{case}/{name}"] = value


def documents(env):
    return list(env.environment.candidate_set.get_all_documents())


def padded(draws, width):
    return draws + [0.5] * (width - len(draws))


def trace(env, case, picks, look, before, steps, width):
    """Plays one episode; `look` says what a document is, `before` what a user is."""
    np.random.seed(3)
    env.reset()
    user = lambda: env.environment.user_model._user_state
    rows = dict(slates=[], rewards=[], ended=[], normals=[], uniforms=[], clicks=[])
    offered, users = [], [before(user())]
    for step in range(steps):
        docs = documents(env)
        offered.append([look(d) for d in docs])
        slate = picks(docs, step)
        normals.clear()
        uniforms.clear()
        observation, reward, done, _ = env.step(np.array(slate))
        clicked = [r["click"] for r in observation["response"]]
        rows["slates"].append(slate)
        rows["rewards"].append(float(reward))
        rows["ended"].append(bool(done))
        rows["clicks"].append(clicked.index(1) if 1 in clicked else -1)
        rows["normals"].append(padded(list(normals), width))
        rows["uniforms"].append(padded(list(uniforms), width))
        users.append(before(user()))
        if done:
            break
    save(case, users=users, documents=offered, **rows)


def satisfaction_cases():
    for case, sensitivity in (("satisfaction", 0.01), ("satisfaction-sensitive", 0.3)):
        sampler = satisfaction.LTSStaticUserSampler.__init__
        def changed(self, **k):
            sampler(self, sensitivity=sensitivity, choc_stddev=1.0 if sensitivity < 0.1 else 0.4, **k)
        satisfaction.LTSStaticUserSampler.__init__ = changed
        env = satisfaction.create_environment(
            dict(slate_size=2, num_candidates=5, resample_documents=True, seed=0))
        satisfaction.LTSStaticUserSampler.__init__ = sampler
        trace(env, case, lambda docs, t: [t % 5, (t + 2) % 5], lambda d: float(d.clickbait_score),
              lambda u: [float(u.net_positive_exposure), float(u.satisfaction),
                         float(u.time_budget)], 60, 2)


def evolution_cases():
    look = lambda d: [float(d.cluster_id), float(d.quality)]
    before = lambda u: list(map(float, u.user_interests)) + [float(u.time_budget)]
    env = evolution.create_environment(
        dict(slate_size=2, num_candidates=10, resample_documents=True, seed=4))
    trace(env, "evolution", lambda docs, t: [t % 10, (3 * t + 1) % 10 if t % 10 != (3 * t + 1) % 10
                                             else (t + 1) % 10], look, before, 400, 2)
    save("evolution", means=documents(env) and evolution.UtilityModelVideoSampler().cluster_means)
    # Other settings: logits, quality as the user sees it, a fixed set of documents, fewer of them.
    user = evolution.IEvUserModel(
        3, choice_model_ctor=choice_model.MultinomialLogitChoiceModel, seed=5, no_click_mass=0.5,
        alpha_x_intercept=1.2, alpha_y_intercept=0.6)
    begin = user._user_sampler.sample_user
    def sample():
        state = begin()
        state.user_quality_factor, state.document_quality_factor = 0.7, 0.8
        state.time_budget, state.step_penalty = 60.0, 2.0
        return state
    user._user_sampler.sample_user = sample
    env = evolution.recsim_gym.RecSimGymEnv(
        environment.Environment(user, evolution.UtilityModelVideoSampler(seed=5, video_length=3.5),
                                6, 3, resample_documents=False), evolution.total_clicks_reward)
    trace(env, "evolution-logit", lambda docs, t: [t % 6, (t + 2) % 6, (t + 3) % 6], look, before,
          400, 2)


def exploration_case():
    env = exploration.create_environment(
        dict(slate_size=2, num_candidates=6, resample_documents=True, seed=2))
    trace(env, "exploration", lambda docs, t: [t % 6, (t + 2) % 6],
          lambda d: [float(d.cluster_id), float(d.quality)],
          lambda u: list(map(float, u.topic_affinity)), 60, 1)


class Scored:
    def score_document(self, score):
        return score


def choice_cases():
    scores = [0.3, -0.7, 0.9, 0.0]
    models = dict(
        logit=choice_model.MultinomialLogitChoiceModel(dict(no_click_mass=0.4)),
        proportional=choice_model.MultinomialProportionalChoiceModel(
            dict(min_normalizer=-1.0, no_click_mass=1.0)),
        cascade=choice_model.ExponentialCascadeChoiceModel(
            dict(attention_prob=0.65, score_scaling=0.3)))
    for name, model in models.items():
        model.score_documents(Scored(), scores)
        weights = np.append(model.scores, model.score_no_click)
        save("choice", **{name: weights / weights.sum()})
    save("choice", scores=scores)


def taobao(path):
    if path is None:
        arrays.update((k, v) for k, v in load_file(PATH).items() if k.startswith("taobao/"))
        return
    with open(path) as file:
        cases = json.load(file)
    save("taobao", **{name: [c[name] for c in cases] for name in cases[0]})


if __name__ == "__main__":
    satisfaction_cases()
    evolution_cases()
    exploration_case()
    choice_cases()
    taobao(sys.argv[1] if len(sys.argv) > 1 else None)
    save_file(arrays, PATH, metadata=dict(made_with=f"recsim 0.2.4, numpy {np.__version__}"))
    print(f"worlds.safetensors: {len(arrays)} arrays, {os.path.getsize(PATH)} bytes")

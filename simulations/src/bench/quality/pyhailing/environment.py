"""Runs the environment of the Python package pyhailing, untouched, and lets whoever listens on a socket decide.

    python environment.py model SUI [SEED]              the public model of the configuration, as JSON on standard output
    python environment.py play SUI EPISODES PORT [SEED]  plays against 127.0.0.1:PORT, a line of JSON each way

Time only passes by what is said: one line for each decision epoch of the environment, one line back. Requests are
numbered by their order of appearance, which the environment keeps; it gives them no names.
"""
import json
import logging
import socket
import sys
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import numpy as np  # noqa: E402
from pyhailing import RidehailEnv  # noqa: E402


def make(name, seed):
    config = dict(RidehailEnv.DIMACS_CONFIGS.ALL_CONFIGS[name])
    # The result file of an evaluation is for the challenge; what is scored is the same.
    config.update(for_evaluation=False, nickname=None)
    if seed is not None:
        config["seed"] = int(seed)
    return RidehailEnv(**config), config


def untouched(env):
    """Whether what plays is the package's own code, and not something that was put in its place."""
    parts = (type(env), type(env).reset, type(env).step, type(env._geom), type(env._geom).travel_time)
    return all(part.__module__.split(".")[0] == "pyhailing" for part in parts)


def model(env, config):
    """What the environment publishes: zones, lots, speeds, trip counts, prices. Nothing of any episode."""
    geometry = env._geom
    number = {zone: place for place, zone in enumerate(geometry.zones["zone_id"].to_numpy())}
    speeds = env.speeds_data.reset_index()
    table = np.zeros((2, 96, len(number), len(number)))
    where = (speeds["min"].to_numpy() // 15, speeds["puzone"].map(number), speeds["dozone"].map(number))
    table[0][where], table[1][where] = speeds["speed_mean"], speeds["speed_stddev"]
    trips = env.trips_data
    return {
        "vehicles": config["num_vehicles"],
        "requests": config["num_requests"],
        "start_s": env._EPS_START_HR * 3600,
        "first_demand_slot": env._EPS_START_T_WINDOW,
        "lasts_s": env._MAX_TIME,
        "max_wait_s": env._MAX_WAIT,
        "epoch_max_s": config["max_interdecision_time"],
        "fixed": env.FIXED_REWARD,
        "per_km": env.VARIABLE_REWARD_DIST,
        "cost_per_km": env.TRAVEL_COST,
        "speed_min": geometry._MANHATTAN_SPEEDS["min"],
        "speed_max": geometry._MANHATTAN_SPEEDS["max"],
        "zones": [
            {"centre": list(zone["centroids"]), "triangles": zone["tris"].reshape(-1, 6).tolist(), "areas": zone["tri_rel_areas"].tolist()}
            for _, zone in geometry.zones.iterrows()
        ],
        "lots": env._lots[["x", "y", "init_weight"]].to_numpy().tolist(),
        "speed_mean": table[0].ravel().tolist(),
        "speed_sd": table[1].ravel().tolist(),
        "trips": {
            "day": trips["dow"].tolist(),
            "slot": trips["t_15min"].tolist(),
            "from": trips["puzone"].map(number).tolist(),
            "to": trips["dozone"].map(number).tolist(),
            "count": trips["n_trips"].tolist(),
        },
    }


def epoch(obs, name_of):
    places = obs["request_locs"].reshape(-1, 4)
    names = []
    for release, place in zip(obs["request_times"], places):
        key = (float(release), *map(float, place))
        names.append(name_of.setdefault(key, len(name_of)))
    requests = np.c_[np.reshape(names, (-1, 1)), obs["request_times"].reshape(-1, 1), places]
    vehicles = np.c_[obs["v_locs"], obs["v_jobs"], obs["v_job_locs"].reshape(-1, 12)]
    return names, {"time": float(obs["time"]), "day": int(obs["dow"]), "requests": requests.tolist(), "vehicles": vehicles.tolist()}


def play(env, episodes, port):
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    lines = peer.makefile("rw", encoding="ascii", newline="\n")

    def say(what):
        lines.write(json.dumps(what) + "\n")
        lines.flush()

    for episode in range(episodes):
        obs, done, name_of, assigned, served, slowest, began = env.reset(), False, {}, set(), 0, 0.0, time.process_time()
        say({"reset": {}})
        while not done:
            names, told = epoch(obs, name_of)
            # What was assigned and is pending all the same was not feasible: the environment drops such an assignment.
            served += len(assigned.difference(names))
            asked = time.perf_counter()
            say({"epoch": told})
            answer = json.loads(lines.readline())
            slowest = max(slowest, time.perf_counter() - asked)
            action = env.get_noop_action()
            for request, vehicle in answer["assign"]:
                action["req_assgts"][names.index(request)] = vehicle
            for vehicle, lot in answer["reposition"]:
                action["reposition"][vehicle] = lot
            assigned = {request for request, _ in answer["assign"]}
            obs, _, done, _ = env.step(action)
        served += len(assigned.difference(epoch(obs, name_of)[0]))
        say({"end": {"episode": episode, "score": float(env.rewards), "served": served, "requests": env.config["num_requests"],
                     "slowest_s": slowest, "untouched": untouched(env), "steps": env.curr_step, "environment_cpu_s": time.process_time() - began}})
    lines.close()
    peer.close()


if __name__ == "__main__":
    command, name, *rest = sys.argv[1:]
    if command == "model":
        json.dump(model(*make(name, *rest[:1] or [None])), sys.stdout)
    else:
        episodes, port, *seed = rest
        play(make(name, *seed or [None])[0], int(episodes), int(port))

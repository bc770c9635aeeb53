# docker build -t mme_ilqr_ros .                    what drives
# docker build --target test -t mme_ilqr_ros:test . the quick tests, without those that need torch
# docker run --rm -it mme_ilqr_ros                  the scenario `trap`, once
# docker run --rm -it --network host mme_ilqr_ros ros2 launch mme_ilqr_ros navigation.launch.py
ARG ROS_DISTRO=jazzy

FROM ros:${ROS_DISTRO}-ros-base AS base
ARG ROS_DISTRO
SHELL ["/bin/bash", "-o", "errexit", "-o", "pipefail", "-c"]
# Versions are those of the distribution that the image names.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends \
    python3-numpy \
    python3-pip \
    "ros-${ROS_DISTRO}-bondpy" \
    "ros-${ROS_DISTRO}-nav2-msgs" \
    "ros-${ROS_DISTRO}-tf2-ros-py" \
    "ros-${ROS_DISTRO}-visualization-msgs" \
  && rm --recursive --force /var/lib/apt/lists/*
WORKDIR /ws
# numpy stays that of the distribution, for which the messages were built. The image is the
# environment: there is nothing else in it that these packages could disturb.
COPY requirements /tmp/requirements
RUN PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --no-cache-dir \
  "numpy<2" --requirement /tmp/requirements/run.txt --requirement /tmp/requirements/live.txt

FROM base AS build
COPY . /ws/src/mme_ilqr_ros
# `install` compiles the controller for the processor it is built on; another one does so at the
# first start.
RUN source "/opt/ros/${ROS_DISTRO}/setup.bash" \
  && colcon build --packages-select mme_ilqr_ros

FROM build AS test
RUN PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --no-cache-dir \
  "numpy<2" pytest==8.3.5 --requirement /tmp/requirements/record.txt
RUN source install/setup.bash \
  && colcon test --packages-select mme_ilqr_ros --pytest-args -m "not slow" \
  && colcon test-result --verbose

FROM base AS run
COPY --from=build /ws/install /ws/install
RUN sed --in-place 's|^exec |source /ws/install/setup.bash --\nexec |' /ros_entrypoint.sh
CMD ["ros2", "launch", "mme_ilqr_ros", "simulation.launch.py", "monitor:=true"]

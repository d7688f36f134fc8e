// What gradient descent on the objective does.

import { selfGuidance } from "../lib/math.js";

export const CLASSES = ["pullover", "dress", "coat"];

export const NETS = ["student", "teacher"];

// An arrow is one step of gradient descent of this size; a journey is many small ones.
export const ARROW_STEP = 1.5;
export const JOURNEY_STEP = 0.06;
export const JOURNEY_LENGTH = 400;
export const JOURNEY_SECONDS = 5;

export function objectiveOf({
  student,
  teacher,
  label,
  lam,
  tau,
  detach_teacher: detachTeacher,
  kl_direction: klDirection,
}) {
  return selfGuidance(student, teacher, label, { lam, tau, detachTeacher, direction: klDirection });
}

export const step = (logits, gradient, size) => logits.map((z, k) => z - size * gradient[k]);

export const both = (gradient) => gradient.ce.map((g, k) => g + gradient.distill[k]);

// Where gradient descent on the two logit vectors leads, step by step.
export function journey(settings, steps) {
  const path = [{ student: settings.student, teacher: settings.teacher }];
  while (path.length <= steps) {
    const { onStudent, onTeacher } = objectiveOf({ ...settings, ...path.at(-1) });
    path.push({
      student: step(path.at(-1).student, both(onStudent), JOURNEY_STEP),
      teacher: step(path.at(-1).teacher, both(onTeacher), JOURNEY_STEP),
    });
  }
  return path;
}

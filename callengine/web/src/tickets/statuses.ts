// The thirteen statuses in the order of a ticket's life, each with its picture.

import { IconArrowBackUp, IconCheck, IconDeviceMobile, IconHeadset, IconHourglass, IconRefresh, IconRouteOff, IconScale, IconStar, IconTool, IconUserCheck, IconUserQuestion, IconX, type Icon } from "@tabler/icons-react";

export const STATUS_PICTURES: Record<string, Icon> = {
  from_cabinet: IconDeviceMobile, unassigned: IconRouteOff, awaiting_acceptance: IconHourglass, declined: IconArrowBackUp, no_executor: IconUserQuestion, executor_assigned: IconUserCheck, in_progress: IconTool,
  awaiting_centre: IconHeadset, awaiting_client: IconStar, needs_rework: IconRefresh, conflict: IconScale, closed: IconCheck, cancelled: IconX,
};
export const STATUSES = Object.keys(STATUS_PICTURES);
